// `check()` behind @fastify/under-pressure, as docs/reliability-health.md wires it: the database goes away under a service that listens, and comes back.
import underPressure from '@fastify/under-pressure'
import { defineConfig } from '@mikro-orm/postgresql'
import Fastify from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import t from 'tap'
import { ownPostgres } from '../support/own-postgres.ts'
import { until } from '../orm/postgres/failover/service.ts'

const server = await ownPostgres(t)
const config = defineConfig({ clientUrl: server.url, entities: [], discovery: { warnWhenNoEntities: false }, pool: { max: 2 } })

const app = Fastify({ forceCloseConnections: true })
t.teardown(async () => await app.close())
await app.register(sqlassist, { engines: { main: { config } } })
await app.register(underPressure, {
  healthCheck: async () => (await app.sqlassist.check()).ok,
  healthCheckInterval: 50,
  retryAfter: 1,
  exposeStatusRoute: '/health',
})
let handled = 0
app.get('/work', () => ++handled)
const url = await app.listen({ port: 0, host: '127.0.0.1' })

const ask = async (path: string): Promise<{ status: number; retryAfter: string | null; body: unknown }> => {
  const response = await fetch(url + path)
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: await response.json() }
}
const refused = { status: 503, retryAfter: '1', body: { code: 'FST_UNDER_PRESSURE' } }

t.test('a database that answers', async (t) => {
  t.match(await ask('/health'), { status: 200, body: { status: 'ok' } })
  t.match(await ask('/work'), { status: 200, body: 1 })
})

for (const [name, away, back] of [
  ['is stopped', async () => await server.stop(), async () => await server.start()],
  ['is frozen', () => server.freeze(), () => server.thaw()],
] as const) {
  t.test(`the server ${name}`, async (t) => {
    await away()
    await until(async () => (await ask('/work')).status === 503)
    const before = handled
    for (const path of ['/work', '/health']) t.match(await ask(path), refused, path)
    t.equal(handled, before, 'no handler was called')

    await back()
    const took = await until(async () => (await ask('/work')).status === 200)
    t.comment(`answers again after ${took} ms`)
    t.match(await ask('/health'), { status: 200, body: { status: 'ok' } })
  })
}
