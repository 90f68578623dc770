// Somebody's application in TypeScript: what it declares is known at compile time, and its declarations are checked (no skipLibCheck).
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/postgresql'
import Fastify from 'fastify'
import sqlassist, { defineEngines, type EnginesOf } from 'fastify-sqlassist'
import { sqlassistDebug } from 'fastify-sqlassist/debug'
import { createSqlAssist } from 'fastify-sqlassist/orm'

const Consumer = defineEntity({ name: 'Consumer', tableName: 'release_consumers', properties: { id: p.integer().primary(), name: p.string() } })

const config = defineConfig({ clientUrl: process.env['DATABASE_URL']!, entities: [Consumer] })
const engines = defineEngines({ writer: { config, default: true }, reader: { config, readonly: true } })
declare module 'fastify-sqlassist' {
  // oxlint-disable-next-line typescript/no-empty-object-type -- as the documentation says
  interface SqlAssistEngines extends EnginesOf<typeof engines> {}
}

const app = Fastify()
await app.register(sqlassist, { engines })
await app.register(sqlassistDebug)
app.get('/', async ({ dbSession }) => {
  // @ts-expect-error -- a readonly session does not write
  const write = async (entity: object): Promise<void> => await dbSession.reader.persistAndFlush(entity)
  const [row] = await dbSession.reader.execute<{ answer: string }[]>(`select 'it works' as answer`)
  return { ...row, refused: typeof write }
})
const reply = await app.inject('/')
const panel = await app.inject({ url: '/_sqlassist/', remoteAddress: '127.0.0.1' })
await app.close()

const jobs = await createSqlAssist({ engines })
await jobs.dispose()
console.log(reply.statusCode, panel.statusCode, reply.json<{ answer: string }>().answer)
if (reply.statusCode !== 200 || panel.statusCode !== 200) process.exit(1)
