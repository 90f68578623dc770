// The application as the guide has it: one MikroORM for the whole process in a module-level cache, and RequestContext around each request.
import { RequestContext } from '@mikro-orm/core'
import { MikroORM } from '@mikro-orm/sqlite'
import Fastify, { type FastifyInstance } from 'fastify'
import { configOf } from './config.ts'
import { ArticleSchema, CommentSchema, UserSchema } from './entities.ts'
import { registerBlog, type Services } from './routes.ts'
import { seed } from './seed.ts'

let cache: (Services & { readonly orm: MikroORM }) | undefined

function initORM(dbName: string): Services & { readonly orm: MikroORM } {
  if (cache !== undefined) return cache
  const orm = new MikroORM(configOf(dbName))
  const { em } = orm
  cache = { orm, em, user: em.getRepository(UserSchema), article: em.getRepository(ArticleSchema), comment: em.getRepository(CommentSchema) }
  return cache
}

export async function originalBlog(dbName: string): Promise<FastifyInstance> {
  const db = initORM(dbName)
  await db.orm.schema.update()
  await seed(db.orm.em.fork())
  const app = Fastify()
  app.addHook('onRequest', (_request, _reply, done) => RequestContext.create(db.em, done))
  app.addHook('onClose', async () => await db.orm.close())
  registerBlog(app, () => db)
  return app
}
