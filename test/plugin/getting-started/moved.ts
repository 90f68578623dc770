// The same application on the plugin: what was in the cache is the request's, and each application has its own database.
import Fastify, { type FastifyInstance } from 'fastify'
import sqlassist, { defineEngines } from 'fastify-sqlassist'
import { configOf } from './config.ts'
import { ArticleSchema, CommentSchema, UserSchema } from './entities.ts'
import { registerBlog } from './routes.ts'
import { seed } from './seed.ts'

export async function movedBlog(dbName: string): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(sqlassist, { engines: defineEngines({ writer: { config: configOf(dbName) } }) })
  await app.sqlassist.engine().orm.schema.update()
  await using sessions = app.sqlassist.session()
  await seed(sessions.writer)
  registerBlog(app, ({ dbSession: { writer } }) => ({
    em: writer,
    user: writer.repo(UserSchema),
    article: writer.repo(ArticleSchema),
    comment: writer.repo(CommentSchema),
  }))
  return app
}
