// Who may be marked `twoPhase`, and when a transaction is committed in two phases.
import { setImmediate as turn } from 'node:timers/promises'
import { MikroORM } from '@mikro-orm/core'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import t from 'tap'
import { type Config, postgres, sqlite } from '../../sessions/fixtures/engines.ts'

const register = async (engine: object, name = 'paris'): Promise<unknown> => await createSqlAssist({ engines: { [name]: { twoPhase: true, ...engine } } })

t.test('engines that cannot be prepared are refused at registration', async (t) => {
  const [database, file] = [await postgres(t), await sqlite(t)]
  const config = database.config()
  await t.rejects(register({ config: file.config() }), { code: 'SQLASSIST_DRIVER_UNSUPPORTED', message: /only PostgreSQL can commit in two phases/ })
  await t.rejects(register({ config: { ...config, driverOptions: { createDriver: () => {} } } as Config }), { code: 'SQLASSIST_DRIVER_UNSUPPORTED' })
  await t.rejects(register({ config, readonly: true }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /engines.paris.twoPhase.* readonly/ })
  await t.rejects(register({ config, autocommit: true }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /autocommit/ })
  await t.rejects(register({ config, twoPhase: 'yes' }), { code: 'SQLASSIST_INVALID_OPTIONS' })
  await t.rejects(register({ config }, `Paris, Île-de-France`), { code: 'SQLASSIST_INVALID_OPTIONS', message: /engine name/ })
  const orm = await MikroORM.init(config as never)
  t.teardown(async () => await orm.close(true))
  await t.rejects(register({ orm }), { code: 'SQLASSIST_ORM_WITHOUT_CONFIG' })
})

t.test('other options', async (t) => {
  const database = await postgres(t)
  const engines = { paris: { config: database.config() } }
  await t.rejects(createSqlAssist({ engines, recoveryIntervalMs: -1 }), { code: 'SQLASSIST_INVALID_OPTIONS' })
  const db = await createSqlAssist({ engines })
  t.teardown(async () => await db.dispose())
  await t.rejects(db.transaction(async () => {}, { twoPhase: 'yes' as never }), { code: 'SQLASSIST_INVALID_OPTIONS' })
  t.strictSame(await db.recover(), { committed: [], rolledBack: [], leftAlone: [], broken: [], failed: [] }, 'without such engines there is nothing to recover')
})

t.test('nothing is connected to any more once an engine ends, though it waits for who holds a connection', async (t) => {
  const database = await postgres(t)
  const db = await createSqlAssist({ engines: { paris: { config: database.config(), twoPhase: true } }, recoveryIntervalMs: 0 })
  t.match(await db.recover(), { failed: [] })
  const engine = db.engine('paris')
  const { database: records, orm } = engine
  const holder = orm.em.fork()
  await holder.begin()
  const disposing = db.dispose()
  while ((await engine.check()).ok) await turn()
  await t.rejects(async () => await records!.connect(), { code: 'SQLASSIST_DISPOSED' })
  await holder.rollback()
  await disposing
  await t.rejects(async () => await records!.connect(), { code: 'SQLASSIST_DISPOSED' })
})

t.test(`MikroORM's schema commands leave the table of decisions alone`, async (t) => {
  const database = await postgres(t)
  const db = await createSqlAssist({ engines: { paris: { config: database.config(), twoPhase: true } }, recoveryIntervalMs: 0 })
  t.teardown(async () => await db.dispose())
  t.strictSame((await db.recover()).failed, [])
  t.equal(await db.engine('paris').orm.schema.getUpdateSchemaSQL(), '')
})
