// A server that accepts no writes any more, and one that becomes the primary: the writer finds its way without a restart.
import t from 'tap'
import { asSuperuser } from '../../../support/databases.ts'
import { ownPostgres } from '../../../support/own-postgres.ts'
import { hasCaughtUp, standbyOf } from '../../../support/standby.ts'
import { tcpProxy } from '../../../support/tcp-proxy.ts'
import { ask, Load } from './load.ts'
import { configOf, makeTables, Note, serve, sessionOf, until } from './service.ts'

const primary = await ownPostgres(t)
await makeTables(primary.url)

const pidsOf = async (url: string): Promise<number[]> =>
  (await asSuperuser<{ pid: number }>(url, `select pid from pg_stat_activity where application_name = 'fastify-sqlassist/writer'`)).map(({ pid }) => pid)

async function setReadOnly(url: string, on: boolean): Promise<void> {
  await asSuperuser(url, `alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`)
  await asSuperuser(url, 'select pg_reload_conf()')
  await until(async () => (await asSuperuser<{ at: string }>(url, `select current_setting('default_transaction_read_only') as at`))[0]!.at === (on ? 'on' : 'off'))
}

t.test('a server that is made read-only answers 503, and its connections are not used again', async (t) => {
  const { app, url } = await serve(t, { writer: { config: configOf(primary.url) } })
  await Promise.all(Array.from({ length: 8 }, async () => await ask(url, '/slow')))
  const before = await pidsOf(primary.url)
  t.ok(before.length > 1, 'several connections, most of them idle')
  await setReadOnly(primary.url, true)
  t.teardown(async () => await setReadOnly(primary.url, false))
  for (const path of ['/insert', '/flush', '/insert']) {
    t.match(await ask(url, path, { text: 'refused' }), { status: 503, code: 'SQLASSIST_DATABASE_READONLY', retryAfter: '1' }, path)
  }
  await until(async () => !(await pidsOf(primary.url)).some((pid) => before.includes(pid)))
  t.match(await app.sqlassist.check(), { ok: false, engines: { writer: { ok: true, readOnly: true } } }, 'check() tells it too')
  t.match(await ask(url, '/transaction'), { status: 200 }, 'reading goes on')

  await setReadOnly(primary.url, false)
  t.match(await ask(url, '/flush', { text: 'accepted' }), { status: 200 }, 'and it heals by itself')
  t.match(await ask(url, '/insert', { text: 'accepted' }), { status: 200 })
  t.match(await app.sqlassist.check(), { ok: true, engines: { writer: { ok: true, readOnly: false } } })
})

t.test(`a transaction that is read-only because the application wants it so is the application's affair`, async (t) => {
  const { app } = await serve(t, { writer: { config: configOf(primary.url) } })
  await using container = app.sqlassist.session()
  const writer = sessionOf(container, 'writer')
  await writer.count(Note)
  const before = await pidsOf(primary.url)
  await t.rejects(writer.transactional(async (em) => await em.insert(Note, { text: 'refused' }), { readOnly: true }), { code: '25006' })
  await writer.insert(Note, { text: 'accepted' })
  t.strictSame(await pidsOf(primary.url), before, 'and costs no connection')
})

t.test('a transaction that has begun on a standby stays read-only when that is promoted', async (t) => {
  const standby = await standbyOf(t, primary)
  const { app } = await serve(t, { writer: { config: configOf(standby.url) } })
  await using container = app.sqlassist.session()
  const writer = sessionOf(container, 'writer')
  await writer.begin()
  await writer.count(Note)
  await asSuperuser(standby.url, 'select pg_promote()')
  await until(async () => !(await asSuperuser<{ standby: boolean }>(standby.url, 'select pg_is_in_recovery() as standby'))[0]!.standby)
  await t.rejects(writer.insert(Note, { text: 'too early' }), { code: 'SQLASSIST_DATABASE_READONLY' })
  await using other = app.sqlassist.session()
  await sessionOf(other, 'writer').insert(Note, { text: 'on the new primary' })
})

t.test('a failover: the primary is gone, a standby is promoted, and the address leads there', async (t) => {
  const standby = await standbyOf(t, primary)
  const address = await tcpProxy(t, primary.url)
  const { app, url } = await serve(t, { writer: { config: configOf(address.url) } })
  const load = new Load(url, ['GET /transaction', 'POST /flush', 'POST /insert'])
  await load.everyPathAnswers(200)
  await until(async () => await hasCaughtUp(primary, standby))

  // First the address leads to the standby, which is none the wiser: the worst moment, in which there is no primary.
  address.leadTo(standby.url)
  await primary.stop('SIGKILL')
  address.cut()
  await until(() => load.answers.some(({ code }) => code === 'SQLASSIST_DATABASE_READONLY'))
  t.match(await app.sqlassist.check(), { ok: false, engines: { writer: { ok: true, readOnly: true } } })

  await asSuperuser(standby.url, 'select pg_promote()')
  const promoted = performance.now()
  const from = load.answers.length
  await until(() => ['/flush', '/insert'].every((path) => load.answers.slice(from).some((answer) => answer.path === path && answer.status === 200)))
  t.comment(`writes again ${Math.round(performance.now() - promoted)} ms after the promotion`)
  await load.stop()
  t.strictSame(load.answers.filter(({ status, retryAfter }) => status !== 200 && !(status === 503 && retryAfter === '1')), [], 'and nothing but 503 meanwhile')
  t.match(await app.sqlassist.check(), { ok: true, engines: { writer: { ok: true, readOnly: false } } })
  await primary.start()
})
