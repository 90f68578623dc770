// A small service of its own process, as an operator would run it: SIGTERM closes it, and then nothing keeps the process alive.
import type { AddressInfo } from 'node:net'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import Fastify, { type FastifyRequest } from 'fastify'
import sqlassist, { type Session } from 'fastify-sqlassist'
import { Line } from '../line.ts'

const [clientUrl, closeTimeoutMs] = process.argv.slice(2) as [string, string]

const app = Fastify()
const config = defineConfig({ clientUrl, entities: [Line], pool: { max: 5 } })
await app.register(sqlassist, { engines: { writer: { config }, reader: { config, readonly: true } }, closeTimeoutMs: Number(closeTimeoutMs) })

const sessionsOf = (request: FastifyRequest): Record<'writer' | 'reader', Session<EntityManager>> => request.dbSession as never

app.post<{ Body: { text: string } }>('/write', async (request) => {
  const { writer } = sessionsOf(request)
  await writer.begin()
  await writer.insert(Line, { text: request.body.text })
  await writer.commit()
  return 'saved'
})
app.post<{ Body: { text: string } }>('/flush', async (request) => {
  const { writer } = sessionsOf(request)
  await writer.persistAndFlush(writer.create(Line, { text: request.body.text }))
  return 'saved'
})
app.get('/read', async (request) => (await sessionsOf(request).reader.find(Line, {}, { limit: 5 })).length)
// Longer than anybody waits for it.
app.get('/sleep', async (request) => {
  const { writer } = sessionsOf(request)
  await writer.begin()
  await writer.execute('select pg_sleep(60)')
  return 'awake'
})

process.once('SIGTERM', () => void app.close())
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(JSON.stringify({ port: (app.server.address() as AddressInfo).port }))
