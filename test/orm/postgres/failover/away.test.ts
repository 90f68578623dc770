// The server is restarted, killed, frozen: requests are answered meanwhile, and the application heals by itself.
import t, { type Test } from 'tap'
import { asSuperuser } from '../../../support/databases.ts'
import { ownPostgres } from '../../../support/own-postgres.ts'
import { tcpProxy } from '../../../support/tcp-proxy.ts'
import { checkAftermath } from './aftermath.ts'
import { Load } from './load.ts'
import { configOf, makeTables, patientLimits, serve, until } from './service.ts'

const PATHS = ['GET /notes', 'GET /transaction', 'GET /slow', 'POST /flush', 'POST /insert']

const server = await ownPostgres(t)
await makeTables(server.url)

/**
 * @param url - where the application finds the server
 * @param fault - resolves when the server is back
 */
async function survives(t: Test, url: string, fault: (load: Load) => Promise<unknown>, more: object = {}): Promise<void> {
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

/** The backend that runs what the client of '/long' waits for. */
const longBackend = async (): Promise<number | undefined> =>
  (await asSuperuser<{ pid: number }>(server.url, `select pid from pg_stat_activity where state = 'active' and query like '%pg_sleep(600)%' and pid <> pg_backend_pid()`))[0]?.pid

const ABRUPT: Record<string, (load: Load) => Promise<void>> = {
  async 'a restart, as by an administrator'() {
    await server.stop()
    await server.start()
  },
  async 'a stop for a while'(load) {
    await server.stop()
    await load.everyPathAnswers(503)
    await server.start()
  },
  async 'kill -9 of the whole server'(load) {
    await server.stop('SIGKILL')
    await load.everyPathAnswers(503)
    await server.start()
  },
  async 'kill -9 of one backend, after which the server ends all of them and recovers'() {
    process.kill((await longBackend())!, 'SIGKILL')
    await until(async () => await asSuperuser(server.url, 'select 1').then(() => true, () => false))
  },
}

for (const [name, fault] of Object.entries(ABRUPT)) {
  t.test(name, async (t) => {
    await survives(t, server.url, async (load) => {
      const long = load.also('/long')
      await until(async () => (await longBackend()) !== undefined)
      await fault(load)
      t.match(await long, { status: 503, code: 'SQLASSIST_CONNECTION_LOST', retryAfter: '1' }, 'what ran at that moment is answered, too')
    }, { limits: patientLimits })
  })
}

t.test('a server that is frozen', async (t) => {
  await survives(t, server.url, async (load) => {
    server.freeze()
    await load.everyPathAnswers(503)
    server.thaw()
  })
})

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
  await survives(t, proxy.url, async (load) => {
    proxy.freeze()
    await until(() => load.answers.some(({ code }) => code === 'SQLASSIST_CONNECTION_LOST'))
    await load.everyPathAnswers(200)
    proxy.cut() // the server must be told some time, too
  }, { limits: patientLimits })
})
