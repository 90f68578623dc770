// createSqlAssist without Fastify: jobs, scripts, and the end of it all.
import { getEventListeners } from 'node:events'
import { inspect } from 'node:util'
import t from 'tap'
import { RequestContext } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'
import { createSqlAssist, DbSessionsContainer, type SqlAssist } from 'fastify-sqlassist/orm'
import { asSuperuser, postgresDatabase, sqliteFile } from '../support/databases.ts'
import { Book, connectionsTo, disconnected, errorOf, eventually, onPostgres, onSqlite, recordingLogger, Shelf } from './engines/library.ts'

const url = await postgresDatabase(t)
{
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onPostgres(url) } } })
  await sqlassist.engine().orm.schema.update()
}
const engines = { reader: { config: onPostgres(url), readonly: true }, writer: { config: onPostgres(url) } } as const

const idleInTransaction = async (): Promise<number> =>
  (await asSuperuser(url, `select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)).length

t.test('a job', async (t) => {
  await using sqlassist = await createSqlAssist({ engines })
  t.same(sqlassist.engineNames, ['reader', 'writer'])
  t.equal(sqlassist.engine('writer').name, 'writer')
  t.equal(sqlassist.engine(), sqlassist.engine('reader'))
  const info = { job: 'nightly' } as object
  {
    await using session = sqlassist.session({ info })
    t.type(session, DbSessionsContainer)
    t.same(session.status, { reader: 'INIT', writer: 'INIT' })
    t.equal(session.writer.info, info)
    await session.writer.persistAndFlush(session.writer.create(Shelf, { label: 'nightly' }))
    t.equal(await session.reader.count(Shelf, { label: 'nightly' }), 1)
    t.same(sqlassist.stats()['writer'], { pool: { total: 1, idle: 1, waiting: 0, max: 10 }, sessions: { open: 1, opened: 1, closed: 0 } })
  }
  t.match(sqlassist.stats()['writer'], { sessions: { open: 0, opened: 1, closed: 1 } })
})

t.test('stats are plain copies', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { ...engines, file: { config: onSqlite(sqliteFile(t)) } } })
  await using session = sqlassist.session()
  await session.writer.count(Shelf)
  const stats = sqlassist.stats()
  t.strictSame(JSON.parse(JSON.stringify(stats)), { ...stats })
  t.equal(stats['file']!.pool, null)
  Object.assign(stats['writer']!.sessions, { open: 99 })
  Object.assign(stats['writer']!.pool!, { total: 99 })
  t.match(sqlassist.stats()['writer'], { pool: { total: 1 }, sessions: { open: 1 } })
})

t.test('a signal', async (t) => {
  await using sqlassist = await createSqlAssist({ engines })

  await t.test('ends the container, its transaction is rolled back', async (t) => {
    const controller = new AbortController()
    await using session = sqlassist.session({ signal: controller.signal })
    await session.writer.begin()
    session.writer.create(Shelf, { label: 'aborted' })
    await session.writer.flush()
    const { writer } = session
    controller.abort()
    t.equal((await errorOf(() => session.reader)).code, 'SQLASSIST_SESSION_CLOSED')
    t.equal((await errorOf(async () => await writer.count(Shelf))).code, 'SQLASSIST_SESSION_CLOSED')
    await session.close()
    t.equal(await idleInTransaction(), 0)
    t.same(session.status, { reader: 'INIT', writer: 'END' })
    await using later = sqlassist.session()
    t.equal(await later.writer.count(Shelf, { label: 'aborted' }), 0)
  })

  await t.test('that has fired already: nothing is ever opened', async (t) => {
    await using session = sqlassist.session({ signal: AbortSignal.abort() })
    t.equal((await errorOf(() => session.writer)).code, 'SQLASSIST_SESSION_CLOSED')
    t.same(session.status, { reader: 'INIT', writer: 'INIT' })
  })

  await t.test('that outlives its containers does not hold on to them', async (t) => {
    const { signal } = new AbortController()
    for (let jobs = 0; jobs < 20; jobs++) {
      await using session = sqlassist.session({ signal })
      await session.writer.count(Shelf)
    }
    t.equal(getEventListeners(signal, 'abort').length, 0)
  })
})

t.test('options of session()', async (t) => {
  await using sqlassist = await createSqlAssist({ engines })
  for (const options of [null, 7, [], { information: {} }, { info: 'nightly' }, { info: null }, { signal: {} }]) {
    t.equal((await errorOf(() => sqlassist.session(options as never))).code, 'SQLASSIST_INVALID_OPTIONS', inspect(options))
  }
})

t.test('dispose()', async (t) => {
  await t.test('waits for a container that is being used', async (t) => {
    const sqlassist = await createSqlAssist({ engines })
    const session = sqlassist.session()
    await session.writer.begin()
    let disposed = false
    const disposing = sqlassist.dispose().then(() => (disposed = true))
    t.equal(await session.writer.count(Shelf, { label: 'aborted' }), 0, 'it may finish its work')
    await session.writer.commit()
    t.equal(disposed, false)
    await session.close()
    await disposing
    t.ok(await disconnected(url))
  })

  await t.test('is bounded: a container that nobody closes is closed', async (t) => {
    const logger = recordingLogger()
    const sqlassist = await createSqlAssist({ engines, logger, closeTimeoutMs: 50 })
    const session = sqlassist.session()
    await session.writer.begin()
    session.writer.create(Shelf, { label: 'left open' })
    await session.writer.flush()
    const { writer } = session
    await sqlassist.dispose()
    t.match(logger.lines.filter(({ level }) => level === 'warn'), [{ context: { containers: 1 }, message: /1 session containers were still open after 50 ms/ }])
    t.equal((await errorOf(() => session.writer)).code, 'SQLASSIST_SESSION_CLOSED')
    t.equal((await errorOf(async () => await writer.count(Shelf))).code, 'SQLASSIST_SESSION_CLOSED')
    t.ok(await disconnected(url))
    t.same(await asSuperuser(url, `select 1 from shelf where label = 'left open'`), [])
  })

  await t.test('is bounded: a statement that does not end', async (t) => {
    const logger = recordingLogger()
    const sqlassist = await createSqlAssist({ engines, logger, closeTimeoutMs: 50 })
    const session = sqlassist.session()
    const statement = errorOf(async () => await session.writer.execute('select pg_sleep(600)'))
    await eventually(async () => (await connectionsTo(url)) === 1)
    await sqlassist.dispose()
    t.match(logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message), [/still open after 50 ms/], 'the server has stopped it')
    t.equal((await statement).code, 'SQLASSIST_SESSION_CLOSED')
    t.strictSame(await asSuperuser(url, `select pid from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'`), [])
  })

  await t.test('is bounded on SQLite too, where there is nothing to destroy', async (t) => {
    const logger = recordingLogger()
    const sqlassist = await createSqlAssist({ engines: { file: { config: onSqlite(sqliteFile(t)) } }, logger, closeTimeoutMs: 50 })
    const global = sqlassist.engine().orm.em.fork() as SqlEntityManager
    const held = Promise.withResolvers<void>()
    void global.getKysely().connection().execute(async () => {
      held.resolve()
      await new Promise(() => {})
    })
    await held.promise
    await sqlassist.dispose()
    t.equal((await errorOf(() => sqlassist.session())).code, 'SQLASSIST_DISPOSED')
  })

  await t.test('is idempotent, and final', async (t) => {
    const sqlassist = await createSqlAssist({ engines })
    const { orm } = sqlassist.engine('writer')
    const global = orm.em.fork() as SqlEntityManager
    await global.execute('select 1')
    const engine = sqlassist.engine('writer')
    await Promise.all([sqlassist.dispose(), sqlassist.dispose(), sqlassist[Symbol.asyncDispose]()])
    await sqlassist.dispose()
    t.match(await errorOf(() => sqlassist.session()), { code: 'SQLASSIST_DISPOSED', statusCode: 503, message: /^This SqlAssist has been disposed/ })
    t.equal((await errorOf(async () => await global.execute('select 1'))).code, 'SQLASSIST_DISPOSED', 'no late query opens a pool')
    t.equal((await errorOf(async () => await global.begin())).code, 'SQLASSIST_DISPOSED')
    t.equal((await errorOf(async () => await global.count(Shelf))).code, 'SQLASSIST_DISPOSED')
    t.equal((await errorOf(async () => await orm.connect())).code, 'SQLASSIST_DISPOSED')
    t.equal((await errorOf(async () => await orm.schema.getUpdateSchemaSQL())).code, 'SQLASSIST_DISPOSED')
    t.equal((await errorOf(() => engine.open({}, recordingLogger()))).code, 'SQLASSIST_DISPOSED')
    t.ok(await disconnected(url))
    t.same(sqlassist.engineNames, ['reader', 'writer'], 'what it was can still be read')
  })

  await t.test('await using', async (t) => {
    let kept: SqlAssist
    {
      await using sqlassist = await createSqlAssist({ engines })
      kept = sqlassist as unknown as SqlAssist
      await using session = sqlassist.session()
      await session.writer.count(Shelf)
    }
    t.equal((await errorOf(() => kept.session())).code, 'SQLASSIST_DISPOSED')
    t.ok(await disconnected(url))
  })

  await t.test('of engines that never connected', async (t) => {
    const file = sqliteFile(t)
    const sqlassist = await createSqlAssist({ engines: { file: { config: onSqlite(file) } } })
    const { orm } = sqlassist.engine()
    await sqlassist.dispose()
    t.equal((await errorOf(async () => await orm.em.fork().count(Shelf))).code, 'SQLASSIST_DISPOSED')
  })
})

t.test("sessions and MikroORM's own contexts", async (t) => {
  await using sqlassist = await createSqlAssist({ engines })
  const { orm } = sqlassist.engine('writer')

  await t.test('a session opened inside a RequestContext is a session of its own', async (t) => {
    await RequestContext.create(orm.em, async () => {
      const shelf = await orm.em.findOneOrFail(Shelf, { label: 'nightly' })
      shelf.label = 'changed in the context'
      orm.em.setFilterParams('titled', { title: 'of the context' })
      await using session = sqlassist.session()
      const own = await session.writer.findOneOrFail(Shelf, shelf.id)
      t.not(own, shelf, 'with an identity map of its own')
      t.equal(own.label, 'nightly')
      t.equal(session.writer.getFilterParams('titled'), undefined, 'and without the parameters of the context')
      t.equal(session.writer.getContext(), session.writer)
      await session.writer.flush()
      t.equal(orm.em.getContext(), RequestContext.getEntityManager(orm.em.name), 'the context goes on as before')
    })
  })

  await t.test("a session opened inside a transaction of the global EntityManager is not in it", async (t) => {
    const error = await errorOf(async () => {
      await orm.em.transactional(async (em) => {
        await em.insert(Shelf, { label: 'of the global one' })
        await using session = sqlassist.session()
        t.equal(session.writer.isInTransaction(), false)
        t.equal(await session.writer.count(Shelf, { label: 'of the global one' }), 0)
        throw new Error('undo')
      })
    })
    t.equal(error.message, 'undo')
  })

  await t.test('the global EntityManager inside the transaction of a session is in it, as it is with any EntityManager of MikroORM', async (t) => {
    await using session = sqlassist.session()
    await session.writer.transactional(async (em) => {
      await em.insert(Shelf, { label: 'of the session' })
      t.equal(await orm.em.count(Shelf, { label: 'of the session' }), 1)
      t.equal(await session.writer.count(Shelf, { label: 'of the session' }), 1)
      await using another = sqlassist.session()
      t.equal(await another.writer.count(Shelf, { label: 'of the session' }), 0, 'another session is not')
      await em.nativeDelete(Shelf, { label: 'of the session' })
    })
  })
})

t.test('nothing of it shows a password when it is printed', async (t) => {
  await using sqlassist = await createSqlAssist({ engines })
  await using session = sqlassist.session()
  await session.writer.count(Book)
  const { password } = new URL(url)
  for (const subject of [sqlassist, sqlassist.engine(), sqlassist.stats(), session, session.writer, session.status]) {
    t.notMatch(inspect(subject, { depth: 10 }), password)
  }
})
