// SQLite runs a statement at once and wholly: there is nothing to stop, and everything else holds.
import { defineConfig } from '@mikro-orm/sqlite'
import Fastify, { type FastifyInstance } from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import t from 'tap'
import { sqliteFile } from '../../support/databases.ts'
import { RawClient } from '../../support/http-client.ts'
import { LogLines } from '../endings/log-lines.ts'
import { until } from '../endings/ending.ts'
import { Author } from './model.ts'
import { entities, listen, writerOf } from './service.ts'

for (const cancelOnDisconnect of [true, false]) {
  t.test(`a client leaves, cancelOnDisconnect: ${cancelOnDisconnect}`, async (t) => {
    const log = new LogLines()
    const app = Fastify({ logger: { level: 'warn', stream: log } }) as unknown as FastifyInstance
    t.teardown(async () => await app.close())
    await app.register(sqlassist, { engines: { writer: { config: defineConfig({ dbName: sqliteFile(t), entities }) } }, cancelOnDisconnect })
    await app.sqlassist.engine('writer').orm.schema.create()
    const inside = Promise.withResolvers<void>()
    const outcome = Promise.withResolvers<unknown>()
    app.get('/', async (request, reply) => {
      const writer = writerOf(request)
      await writer.insert(Author, { name: 'by itself' })
      await writer.begin()
      await writer.insert(Author, { name: 'in a transaction' })
      reply.raw.once('close', () => outcome.resolve(writer.insert(Author, { name: 'too late' }).catch((error: { code?: string }) => error.code)))
      inside.resolve()
      return await new Promise(() => {})
    })
    app.get('/names', async (request) => (await writerOf(request).findAll(Author)).map(({ name }) => name))
    const port = await listen(app)
    const client = (await RawClient.connect(port)).request('GET', '/')
    await inside.promise
    client.leave()
    t.equal(await outcome.promise, 'SQLASSIST_SESSION_CLOSED')
    t.ok(await until(() => app.sqlassist.stats()['writer']!.sessions.open === 0))
    t.strictSame((await app.inject('/names')).json(), ['by itself'])
    t.strictSame(log.lines, [], 'and there is nothing to complain of')
  })
}
