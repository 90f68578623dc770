// What the guards have in common: options, whose statements they hear, and that nobody listens where nothing is asked for.
import { channel } from 'node:diagnostics_channel'
import Fastify from 'fastify'
import { createSqlAssist, sqlassist } from 'fastify-sqlassist'
import { onSqlAssistEvent, SQLASSIST_EVENTS } from 'fastify-sqlassist/orm'
import t from 'tap'
import { recordingLogger } from '../../orm/sessions/fixtures/engines.ts'
import { Author } from '../endings/model.ts'
import { configOf } from '../endings/service.ts'
import { onEachDatabase, type Service, service, type Sessions, sessionsOf } from './fixtures/service.ts'

const heard = (): string[] => SQLASSIST_EVENTS.filter((name) => channel(name).hasSubscribers)
const GUARDED = { nPlusOne: 'warn', slowQueryMs: 0.000_001, idleTransactionMs: 60_000 } as const

const counting = ({ app }: Service, config: object = {}): void =>
  void app.get('/', { config }, async (request) => ({ authors: await sessionsOf(request).writer.transactional(async (em) => await em.count(Author)) }))

onEachDatabase(t, 'nobody listens where all is off, and nobody after the end', async (t, database) => {
  const off = await service(t, database, { nPlusOne: 'off', slowQueryMs: 0, idleTransactionMs: 0 })
  counting(off)
  t.equal((await off.get('/')).status, 200)
  t.strictSame(heard(), [])

  const it = await service(t, database, { nPlusOne: 'warn' })
  counting(it)
  t.strictSame(heard(), [], 'not before the first request')
  t.equal((await it.get('/')).status, 200)
  t.strictSame(heard(), ['sqlassist:query:start'], 'only to what is needed')
  await it.app.close()
  t.strictSame(heard(), [])

  const all = await service(t, database, {})
  counting(all, { sqlassist: GUARDED })
  await all.get('/')
  t.strictSame(heard(), ['sqlassist:query:start', 'sqlassist:query:end', 'sqlassist:pool:release'], 'a route may ask for what the plugin has off')
  await all.app.close()
  t.strictSame(heard(), [])
})

onEachDatabase(t, 'a SqlAssist that is shared hears nothing of an application that is gone, nor of other SqlAssists', async (t, database) => {
  const { lines, logger } = recordingLogger()
  await using db = await createSqlAssist({ engines: { writer: { config: configOf(database) } }, logger, slowQueryMs: 0.000_001 })
  const one = await service(t, database, { sqlassist: db as never, slowQueryMs: 0.000_001 })
  const two = await service(t, database, GUARDED)
  counting(one)
  counting(two)
  await one.get('/')
  t.ok(one.warned().length > 0)
  t.strictSame([two.warned(), lines], [[], []])
  await two.get('/')
  t.ok(two.warned().every(({ msg }) => msg.includes('a statement on engine')))
  t.strictSame([one.warned(), lines], [[], []])
  await one.app.close()
  await two.app.close()
  t.strictSame(heard(), [], 'not before it has a container of its own')
  {
    await using session = db.session() as unknown as Sessions & AsyncDisposable
    await session.writer.count(Author)
  }
  t.ok(lines.some(({ message }) => message.startsWith(`The container: a statement on engine 'writer' took`)))
  t.strictSame(heard(), ['sqlassist:query:end'])
  await db.dispose()
  t.strictSame(heard(), [])
})

onEachDatabase(t, 'a container that outlives the application is guarded no more', async (t, database) => {
  const { lines, logger } = recordingLogger()
  const db = await createSqlAssist({ engines: { writer: { config: configOf(database) } }, logger, ...GUARDED, closeTimeoutMs: 0 })
  const session = db.session() as unknown as Sessions
  const began = Promise.withResolvers<void>()
  const work = session.writer.transactional(async (em) => {
    await em.count(Author)
    began.resolve()
    await new Promise(() => {})
  })
  work.catch(() => {})
  await began.promise
  await db.dispose()
  t.strictSame(heard(), [])
  t.ok(lines.some(({ message }) => message.includes('were still open')))
})

const fails = (): never => {
  throw new Error('the disk is full')
}

onEachDatabase(t, 'a log that fails does the application no harm', async (t, database) => {
  const { lines, logger } = recordingLogger()
  for (const error of [logger.error, fails]) {
    await using db = await createSqlAssist({ engines: { writer: { config: configOf(database) } }, logger: { ...logger, warn: fails, error }, ...GUARDED })
    await using session = db.session() as unknown as Sessions & AsyncDisposable
    t.ok((await session.writer.count(Author)) > 0)
  }
  t.match(lines.filter(({ level }) => level === 'error'), [{ message: /a guard has failed/ }])
})

t.test('statements of migrations and other work outside of sessions belong to nobody', async (t) => {
  const { lines, logger } = recordingLogger()
  await using db = await createSqlAssist({ engines: { main: { config: configOf({ dialect: 'sqlite', at: ':memory:' }) } }, logger, ...GUARDED })
  await using session = db.session()
  t.ok(session)
  const seen: unknown[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:end', ({ owner }) => void seen.push(owner)))
  await db.engine('main').orm.schema.create()
  t.ok(seen.length > 0)
  t.ok(seen.every((owner) => owner === undefined))
  t.strictSame(lines, [])
})

t.test('wrong options are refused', async (t) => {
  const engines = { main: { config: configOf({ dialect: 'sqlite', at: ':memory:' }) } }
  for (const wrong of [{ nPlusOne: true }, { nPlusOne: 'error' }, { slowQueryMs: -1 }, { slowQueryMs: '5' }, { idleTransactionMs: Number.NaN }, { idleTransactionMs: null }]) {
    const refusal = { code: 'SQLASSIST_INVALID_OPTIONS', message: new RegExp(Object.keys(wrong)[0]!) }
    await t.rejects(createSqlAssist({ engines, ...(wrong as object) }), refusal)
    await t.rejects(async () => await Fastify().register(sqlassist, { engines, ...(wrong as object) }), refusal)
    await using db = await createSqlAssist({ engines })
    t.throws(() => db.session(wrong as never), refusal)
    await t.rejects(db.transaction(async () => {}, wrong as never), refusal)
    const app = Fastify()
    await app.register(sqlassist, { engines })
    t.throws(() => app.get('/reports', { config: { sqlassist: wrong as never } }, async () => ({})), { ...refusal, message: /config\.sqlassist of GET \/reports: \w+/ })
    await app.close()
  }
})
