// The server is restarted, killed, frozen: requests are answered meanwhile, and the application heals by itself.
import t, { type Test } from 'tap'
import { asSuperuser } from '../../../support/databases.ts'
import { type OwnPostgres, ownPostgres } from '../../../support/own-postgres.ts'
import { tcpProxy } from '../../../support/tcp-proxy.ts'
import { checkAftermath } from './aftermath.ts'
import { Load } from './load.ts'
import { configOf, makeTables, serve, until } from './service.ts'

const PATHS = ['GET /notes', 'GET /transaction', 'GET /slow', 'POST /flush', 'POST /insert']

const FAULTS: Record<string, (server: OwnPostgres, load: Load) => Promise<void>> = {
  async 'a restart, as by an administrator'(server) {
    await server.stop()
    await server.start()
  },
  async 'a stop for a while'(server, load) {
    await server.stop()
    await load.everyPathAnswers(503)
    await server.start()
  },
  async 'kill -9 of the whole server'(server, load) {
    await server.stop('SIGKILL')
    await load.everyPathAnswers(503)
    await server.start()
  },
  async 'kill -9 of one backend, after which the server ends all of them and recovers'(server, load) {
    const [{ pid }] = (await asSuperuser<{ pid: number }>(server.url, `select pid from pg_stat_activity where application_name = 'fastify-sqlassist/writer' limit 1`)) as [{ pid: number }]
    const from = load.answers.length
    process.kill(pid, 'SIGKILL')
    await until(() => load.answers.slice(from).some(({ status }) => status === 503))
    await until(async () => await asSuperuser(server.url, 'select 1').then(() => true, () => false))
  },
  async 'a server that is frozen'(server, load) {
    server.freeze()
    await load.everyPathAnswers(503)
    server.thaw()
  },
}

const server = await ownPostgres(t)
await makeTables(server.url)

/** @param url - where the application finds the server */
async function survives(t: Test, url: string, fault: (load: Load) => Promise<void>, more: object = {}): Promise<void> {
  await asSuperuser(server.url, 'truncate note')
  const service = await serve(t, { writer: { config: configOf(url), ...more }, reader: { config: configOf(url), readonly: true, ...more } })
  const load = new Load(service.url, PATHS)
  await load.everyPathAnswers(200)
  await fault(load)
  const back = performance.now()
  await load.everyPathAnswers(200)
  t.comment(`healed ${Math.round(performance.now() - back)} ms after the server was back`)
  await load.stop()
  await checkAftermath(t, service, load, server.url)
}

for (const [name, fault] of Object.entries(FAULTS)) {
  t.test(name, async (t) => await survives(t, server.url, async (load) => await fault(server, load)))
}

t.test('a network that swallows everything for a while', async (t) => {
  const proxy = await tcpProxy(t, server.url)
  await survives(t, proxy.url, async (load) => {
    proxy.pause()
    await load.everyPathAnswers(503)
    proxy.resume()
  })
})

t.test('a network that forgets all connections', async (t) => {
  const proxy = await tcpProxy(t, server.url)
  const limits = { checkoutTimeoutMs: 1000, statementTimeoutMs: 60_000, commitTimeoutMs: 60_000 }
  await survives(t, proxy.url, async (load) => {
    proxy.freeze()
    await until(() => load.answers.some(({ code }) => code === 'SQLASSIST_CONNECTION_LOST'))
  }, { limits })
  proxy.cut()
})
