// A reader on a standby that dies: it goes on reading from the server of the engine that it follows, and goes back.
import t from 'tap'
import { asSuperuser } from '../../../support/databases.ts'
import { ownPostgres } from '../../../support/own-postgres.ts'
import { standbyOf } from '../../../support/standby.ts'
import { type TcpProxy, tcpProxy } from '../../../support/tcp-proxy.ts'
import { ask, Load } from './load.ts'
import { configOf, makeTables, Note, patientLimits as limits, POOL_MAX, serve, sessionOf, until } from './service.ts'

const primary = await ownPostgres(t)
await makeTables(primary.url)
await asSuperuser(primary.url, `create role looker login password 'looks'; grant select on note to looker`)
await asSuperuser(primary.url, `insert into note (text) values ('one')`)
const standby = await standbyOf(t, primary)
await until(async () => (await asSuperuser(standby.url, 'select from note')).length === 1)

const asLooker = (address: string): string => {
  const url = new URL(address)
  ;[url.username, url.password] = ['looker', 'looks']
  return url.href
}

/** Who is connected as the reader, and whether to the standby or to the primary. */
const readersAt = async (url: string): Promise<{ usename: string }[]> =>
  await asSuperuser(url, `select usename from pg_stat_activity where application_name = 'fastify-sqlassist/reader'`)

const DEATHS: Record<string, (proxy: TcpProxy) => void> = {
  'that refuses connections': (proxy) => {
    proxy.refuse(true)
    proxy.cut()
  },
  'that nothing is heard of any more': (proxy) => proxy.pause(),
}

for (const [name, die] of Object.entries(DEATHS)) {
  t.test(`a standby ${name}`, async (t) => {
    const proxy = await tcpProxy(t, standby.url)
    const { app, url, log } = await serve(t, {
      writer: { config: configOf(primary.url) },
      reader: { config: configOf(asLooker(proxy.url)), readonly: true, follows: 'writer' },
    })
    const load = new Load(url, ['GET /notes'])
    await load.everyPathAnswers(200)
    t.strictSame(await readersAt(primary.url), [])

    die(proxy)
    await until(async () => (await readersAt(primary.url)).length > 0)
    await load.everyPathAnswers(200)
    t.match(log.lines.find(({ level }) => level === 40), { engine: 'reader', msg: /^The database of engine 'reader' is down: it reads from the engine that it follows/ }, 'a warning')
    t.ok((await readersAt(primary.url)).every(({ usename }) => usename === 'looker'), 'in its own name and role')
    await using container = app.sqlassist.session()
    const reader = sessionOf(container, 'reader')
    t.equal(await reader.count(Note), 1)
    await t.rejects(reader.execute(`insert into note (text) values ('written through the reader')`), { code: 'SQLASSIST_READONLY_ENGINE' }, 'it cannot write there')
    t.match(await app.sqlassist.check(), { ok: false, engines: { writer: { ok: true }, reader: { ok: false, readOnly: true, error: String } } })
    const { total, idle, max } = app.sqlassist.stats()['reader']!.pool!
    t.ok(max === POOL_MAX && total > 0 && idle <= total, 'the connections there are counted')

    if (name.includes('refuses')) proxy.refuse(false)
    else proxy.resume()
    const back = performance.now()
    await until(async () => (await readersAt(primary.url)).length === 0 && (await readersAt(standby.url)).length > 0)
    t.comment(`back on the standby after ${Math.round(performance.now() - back)} ms`)
    await load.everyPathAnswers(200)
    await load.stop()
    t.comment(`${load.answers.length} requests: ${JSON.stringify(load.summary)}, slowest ${load.slowestMs} ms`)
    t.strictSame(load.answers.filter(({ status, retryAfter }) => status !== 200 && !(status === 503 && retryAfter === '1')), [])
    t.match(log.lines.findLast(({ level }) => level === 40), { msg: /^The database of engine 'reader' is back/ })
    t.match(await app.sqlassist.check(), { ok: true, engines: { reader: { ok: true, readOnly: true, lagMs: Number } } })
  })
}

t.test('new connections fail over: nobody is told anything', async (t) => {
  const proxy = await tcpProxy(t, standby.url)
  proxy.refuse(true)
  const { url } = await serve(t, { writer: { config: configOf(primary.url) }, reader: { config: configOf(proxy.url), readonly: true, follows: 'writer' } })
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await ask(url, '/notes')))
  t.strictSame(answers.map(({ status }) => status), Array.from({ length: 20 }, () => 200))
  proxy.refuse(false) // its teardown wants to end it
})

t.test('a statement that takes long over there is not cut when the standby is back, which knows nothing of it', async (t) => {
  const proxy = await tcpProxy(t, standby.url)
  proxy.refuse(true)
  const { app } = await serve(t, { writer: { config: configOf(primary.url) }, reader: { config: configOf(proxy.url), readonly: true, follows: 'writer', limits } })
  await using container = app.sqlassist.session()
  const reader = sessionOf(container, 'reader')
  await reader.count(Note)
  const long = reader.execute<object[]>('select 1 as done from pg_sleep(4)')
  proxy.refuse(false)
  await until(async () => {
    await using other = app.sqlassist.session()
    await sessionOf(other, 'reader').count(Note)
    return (await readersAt(standby.url)).length > 0
  })
  t.strictSame(await long, [{ done: 1 }])
})

t.test('nor is one on a connection of before reinitEngine(), when the address leads elsewhere by now', async (t) => {
  const proxy = await tcpProxy(t, standby.url)
  const { app } = await serve(t, { reader: { config: configOf(proxy.url), readonly: true, limits } }, 30_000)
  await using container = app.sqlassist.session()
  const long = sessionOf(container, 'reader').execute<object[]>('select 1 as done from pg_sleep(4)')
  await until(async () => (await readersAt(standby.url)).length === 1)
  proxy.leadTo(primary.url)
  const renewed = app.sqlassist.reinitEngine('reader')
  await using other = app.sqlassist.session()
  await sessionOf(other, 'reader').count(Note)
  t.equal((await readersAt(primary.url)).length, 1)
  t.strictSame(await long, [{ done: 1 }])
  await Promise.all([renewed, until(async () => (await readersAt(standby.url)).length === 0)])
})

t.test('a server that has no connection left is not a server that is gone', async (t) => {
  await asSuperuser(primary.url, 'alter role looker connection limit 2')
  t.teardown(async () => await asSuperuser(primary.url, 'alter role looker connection limit -1'))
  const config = configOf(asLooker(primary.url), { pool: { max: 2 } })
  const { app, log } = await serve(t, { writer: { config: configOf(primary.url) }, reader: { config, readonly: true, follows: 'writer', limits } })
  const long = async (): Promise<object[]> => {
    await using container = app.sqlassist.session()
    return await sessionOf(container, 'reader').execute<object[]>('select 1 as done from pg_sleep(4)')
  }
  t.strictSame(await Promise.all([long(), long()]), [[{ done: 1 }], [{ done: 1 }]])
  t.strictSame(log.lines, [])
})

t.test(`fallback: 'error' answers 503`, async (t) => {
  const proxy = await tcpProxy(t, standby.url)
  const { url } = await serve(t, {
    writer: { config: configOf(primary.url) },
    reader: { config: configOf(proxy.url), readonly: true, follows: 'writer', fallback: 'error' },
  })
  t.match(await ask(url, '/notes'), { status: 200 })
  proxy.refuse(true)
  proxy.cut()
  t.match(await ask(url, '/notes'), { status: 503, code: /^SQLASSIST_(?:DATABASE_UNAVAILABLE|CONNECTION_LOST)$/, retryAfter: '1' })
  t.match(await ask(url, '/notes'), { status: 503, code: 'SQLASSIST_DATABASE_UNAVAILABLE', retryAfter: '1' })
  t.strictSame(await readersAt(primary.url), [])
  proxy.refuse(false)
  t.match(await ask(url, '/notes'), { status: 200 })
})
