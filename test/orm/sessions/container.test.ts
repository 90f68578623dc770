// The container: nothing before it is touched, one session per engine, and an end.
import { setImmediate as turn } from 'node:timers/promises'
import type { EntityManager } from '@mikro-orm/core'
import { DbSessionsContainer, STATUS } from 'fastify-sqlassist/orm'
import t from 'tap'
import { noLogger } from '../../../orm/logger.ts'
import { assist, gate, onEachDatabase, sqlite } from './fixtures/engines.ts'
import { Author } from './fixtures/library.ts'

const named = (em: unknown): string | undefined => (em as { engineName?: string }).engineName

onEachDatabase(t, 'nothing is opened before it is touched', async (t, database) => {
  const db = await assist(t, { writer: { config: database.config() }, reader: { config: database.config(), readonly: true } })
  await using session = db.session()
  t.strictSame(session.status, { writer: 'INIT', reader: 'INIT' })
  t.equal(db.stats()['writer']!.sessions.opened, 0)
  t.notOk(await db.engine('writer').orm.isConnected())

  const { writer } = session
  t.equal(db.stats()['writer']!.sessions.opened, 1)
  t.notOk(await db.engine('writer').orm.isConnected(), 'an opened session does not connect either')
  await writer.persistAndFlush(new Author('Ada'))
  t.ok(await db.engine('writer').orm.isConnected())
  t.equal(db.stats()['reader']!.sessions.opened, 0)
  t.notOk(await db.engine('reader').orm.isConnected())
  t.strictSame(session.status, { writer: 'START', reader: 'INIT' })
})

t.test('each session is made once, and is the same whichever way it is asked for', async (t) => {
  const database = await sqlite(t)
  const db = await assist(t, { writer: { config: database.config() }, reader: { config: database.config(), readonly: true }, logger: { config: (await sqlite(t)).config() } })
  await using session = db.session()
  t.equal(session.writer, session.writer)
  t.equal(session.get('writer'), session.writer)
  const { getReader, getWriter, getLogger, getAny } = session
  t.equal(session.status['reader'], STATUS.INIT, 'a function that was handed on has opened nothing')
  t.equal(getWriter(), session.writer)
  t.equal(getReader(), session.reader)
  t.equal(getLogger(), session.logger)
  t.equal(getAny(), session.reader)
  t.not(session.reader, session.writer)
  t.strictSame(Object.values(db.stats()).map(({ sessions }) => sessions.opened), [1, 1, 1])
})

t.test('any is a session that is open already, in the order of anyPreferences', async (t) => {
  const writer = await sqlite(t)
  const archive = (await sqlite(t)).config()
  const engines = { writer: { config: writer.config() }, reader: { config: writer.config(), readonly: true }, archive: { config: archive } }

  t.test('by default reader, then writer', async (t) => {
    const db = await assist(t, engines)
    await using untouched = db.session()
    t.equal(named(untouched.any), 'reader')
    await using written = db.session()
    t.equal(written.any && written.writer && named(written.any), 'reader')
    await using onlyWriter = db.session()
    t.equal(named(onlyWriter.writer), 'writer')
    t.equal(named(onlyWriter.any), 'writer')
    t.equal(onlyWriter.status['reader'], 'INIT')
    await using other = db.session()
    t.equal(named(other.get('archive')), 'archive')
    t.equal(named(other.getAny()), 'reader', 'an engine that is no preference does not answer')
  })

  t.test('in an order of your own', async (t) => {
    const db = await assist(t, engines, { anyPreferences: ['archive', 'writer', 'reader'] })
    await using session = db.session()
    t.equal(named(session.reader), 'reader')
    t.equal(named(session.any), 'reader')
    t.equal(named(session.writer), 'writer')
    t.equal(named(session.any), 'writer')
    await using untouched = db.session()
    t.equal(named(untouched.any), 'archive')
  })

  t.test('without reader and writer, and with a name that is no engine', async (t) => {
    const db = await assist(t, { archive: { config: archive } })
    await using session = db.session()
    t.throws(() => session.any, { code: 'SQLASSIST_ENGINE_UNKNOWN', message: /archive.*anyPreferences/ })
    await t.rejects(assist(t, { archive: { config: archive } }, { anyPreferences: ['archives'] }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /'archives'.*there are archive/ })
  })
})

t.test('an engine that is not registered is an error that names those that are', async (t) => {
  const database = await sqlite(t)
  const db = await assist(t, { writer: { config: database.config() }, audit: { config: (await sqlite(t)).config() } })
  await using session = db.session()
  for (const ask of [() => session.get('wirter' as 'writer'), () => session.getReader(), () => session.getLogger(), () => session.get('__proto__' as 'writer'), () => session.get('close' as 'writer')]) {
    t.throws(ask, { code: 'SQLASSIST_ENGINE_UNKNOWN', message: /Registered engines: writer, audit/ })
  }
  t.equal(session.reader, undefined, 'a property is only there for engines that are')
})

t.test('status is a frozen snapshot, and an untouched engine stays INIT after the end', async (t) => {
  const database = await sqlite(t)
  const db = await assist(t, { writer: { config: database.config() }, reader: { config: database.config(), readonly: true } })
  const session = db.session()
  const before = session.status
  t.ok(Object.isFrozen(before))
  t.throws(() => Object.assign(before, { writer: STATUS.END }), TypeError)
  await session.writer.find(Author, {})
  t.equal(before['writer'], STATUS.INIT, 'it does not follow')
  t.equal(session.status['writer'], STATUS.START)
  await session.close()
  t.strictSame(session.status, { writer: STATUS.END, reader: STATUS.INIT })
  t.strictSame(STATUS, { INIT: 'INIT', START: 'START', END: 'END' })
})

onEachDatabase(t, 'after the end every use is refused and opens nothing', async (t, database) => {
  const db = await assist(t, { writer: { config: database.config() }, reader: { config: database.config(), readonly: true } })
  const session = db.session()
  const { writer, getReader } = session
  await writer.persistAndFlush(new Author('Ada'))
  await Promise.all([session.close(), session.close()])
  await session.close()
  t.strictSame(db.stats()['writer']!.sessions, { open: 0, opened: 1, closed: 1 })
  for (const use of [() => session.writer, () => session.reader, () => session.any, getReader, () => session.get('writer'), () => writer.persist(new Author('Bob')), () => writer.fork()]) {
    t.throws(use, { code: 'SQLASSIST_SESSION_CLOSED' })
  }
  await t.rejects(writer.find(Author, {}), { code: 'SQLASSIST_SESSION_CLOSED' })
  await t.rejects(writer.transactional(async () => {}), { code: 'SQLASSIST_SESSION_CLOSED' })
  t.strictSame(db.stats()['reader']!.sessions, { open: 0, opened: 0, closed: 0 })
})

t.test('await using ends the container, also when the work fails', async (t) => {
  const db = await assist(t, { writer: { config: (await sqlite(t)).config() } })
  let kept: EntityManager | undefined
  const work = async (): Promise<void> => {
    await using session = db.session()
    kept = session.writer
    throw new Error('the job has failed')
  }
  await t.rejects(work(), { message: 'the job has failed' })
  await t.rejects(kept!.find(Author, {}), { code: 'SQLASSIST_SESSION_CLOSED' })
})

onEachDatabase(t, 'a session can be ended by itself, before its container', async (t, database) => {
  const db = await assist(t, { writer: { config: database.config() }, reader: { config: database.config(), readonly: true } })
  await using session = db.session()
  {
    await using writer = session.writer
    await writer.begin()
    await writer.persistAndFlush(new Author('Ada'))
  }
  t.strictSame(session.status, { writer: 'END', reader: 'INIT' })
  t.equal(await session.reader.count(Author), 0, 'what was open is rolled back')
  t.throws(() => session.writer.persist(new Author('Bob')), { code: 'SQLASSIST_SESSION_CLOSED' })
  await session.close()
  t.strictSame(db.stats()['writer']!.sessions, { open: 0, opened: 1, closed: 1 })
})

onEachDatabase(t, 'a fork that is disposed of takes its own transaction with it and leaves the session alone', async (t, database) => {
  const db = await assist(t, { writer: { config: database.config() } })
  await using session = db.session()
  {
    await using fork = session.writer.fork()
    await fork.begin()
    await fork.persistAndFlush(new Author('Ada'))
  }
  t.equal(await session.writer.count(Author), 0)
  await session.writer.persistAndFlush(new Author('Bob'))
  t.equal(await session.writer.count(Author), 1)
  t.equal(session.status['writer'], 'START')
})

t.test('what a job says of itself is the info of its sessions', async (t) => {
  const db = await assist(t, { writer: { config: (await sqlite(t)).config() } })
  const info = { job: 'nightly' }
  await using session = db.session({ info: info as object })
  t.equal(session.writer.info, info)
  t.equal(session.writer.engineName, 'writer')
  t.equal(session.writer.fork().info, info)
  await session.writer.transactional(async (em) => t.equal(em.info, info))
  await using bare = db.session()
  t.strictSame(bare.writer.info, {})
  t.equal((db.engine('writer').orm.em as typeof session.writer).info, undefined, 'the global EntityManager belongs to no session')
})

t.test('draining ends the containers of one lot, and no others', async (t) => {
  const db = await assist(t, { writer: { config: (await sqlite(t)).config() } })
  const [one, other] = [db.containers(), db.containers()]
  const create = (): DbSessionsContainer => one.create({ owner: { id: 1, label: 'A container', requestId: undefined, info: {}, origin: undefined }, logger: noLogger }) as unknown as DbSessionsContainer
  const [first, second] = [create(), create()]
  await Promise.all([first.close(), first.close()])
  t.equal(await one.drain(0), 1, 'one is left that nobody has closed')
  t.equal(await other.drain(0), 0)
  t.throws(() => second.get('writer'), { code: 'SQLASSIST_SESSION_CLOSED' })
})

t.test('what draining cannot end in time is not waited for a second time', async (t) => {
  const db = await assist(t, { writer: { config: (await sqlite(t)).config() } })
  const lot = db.containers()
  const { transaction } = lot.create({ owner: { id: 2, label: 'A container', requestId: undefined, info: {}, origin: undefined }, logger: noLogger }) as unknown as DbSessionsContainer
  const stuck = gate()
  await transaction.begin()
  transaction.beforeCommit(async () => await stuck.opened)
  const commit = transaction.commit()
  t.equal(await lot.drain(0), 1)
  const again = lot.drain(60_000)
  t.equal(await Promise.race([again, turn('still waiting')]), 0)
  stuck.open()
  await t.rejects(commit, { code: 'SQLASSIST_SESSION_CLOSED' })
})

t.test('a container class of your own', async (t) => {
  const database = await sqlite(t)
  class Sessions extends DbSessionsContainer {
    readonly notes: string[] = []
    get authors(): Promise<number> {
      return this.writer.count(Author)
    }
    async hire(name: string): Promise<void> {
      await this.writer.persistAndFlush(new Author(name))
      this.notes.push(name)
    }
  }
  const db = await assist(t, { writer: { config: database.config() } }, { containerClass: Sessions })
  await using session = db.session() as unknown as Sessions
  t.ok(session instanceof Sessions)
  t.equal(session.constructor.name, 'Sessions')
  await session.hire('Ada')
  t.equal(await session.authors, 1)
  t.strictSame(session.notes, ['Ada'])
  t.notOk('writer' in Sessions.prototype, 'the class itself is not changed: another application may use it')

  for (const name of ['authors', 'hire', 'close', 'any', 'status', 'transaction']) {
    await t.rejects(assist(t, { [name]: { config: database.config() } }, { containerClass: Sessions }), { code: 'SQLASSIST_ENGINE_NAME_INVALID', message: new RegExp(`'${name}'`) })
  }
  const clash = await assist(t, { notes: { config: database.config() } }, { containerClass: Sessions })
  t.throws(() => clash.session(), { code: 'SQLASSIST_ENGINE_NAME_INVALID', message: /'notes'/ }, 'a field is only seen on an instance')
  for (const containerClass of [class {}, {}, 'Sessions', null]) {
    await t.rejects(assist(t, { writer: { config: database.config() } }, { containerClass: containerClass as never }), { code: 'SQLASSIST_INVALID_OPTIONS' })
  }
})

t.test('names that are no identifiers', async (t) => {
  const names = ['my-engine', 'größe', '数据库', 'a b', '42', '💾', 'Reader']
  const engines = Object.fromEntries(await Promise.all(names.map(async (name) => [name, { config: (await sqlite(t)).config() }] as const)))
  const db = await assist(t, engines)
  await using session = db.session()
  const byName = session as unknown as Record<string, typeof session.writer>
  for (const name of names) {
    await byName[name]!.persistAndFlush(new Author(name))
    t.equal(byName[name]!.engineName, name)
    t.equal(byName[name], session.get(name as 'writer'))
    t.equal((await byName[name]!.findOneOrFail(Author, { name })).name, name)
  }
  t.strictSame(Object.keys(session.status).toSorted(), names.toSorted())
})
