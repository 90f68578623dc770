// Lines of ours: none is made where nobody reads it.
import t from 'tap'
import { createSqlAssist, type SqlAssistLogger } from 'fastify-sqlassist/orm'
import { hasDebug, noLogger } from '../../orm/logger.ts'
import { sqliteFile } from '../support/databases.ts'
import { onSqlite, recordingLogger, Shelf } from './engines/library.ts'

t.test('debug is off', async (t) => {
  const asked: string[] = []
  const quiet: SqlAssistLogger = {
    ...noLogger,
    isLevelEnabled: (level) => {
      asked.push(level)
      return false
    },
  }
  t.equal(hasDebug(quiet), false)
  t.equal(hasDebug(noLogger), false)
  t.same(asked, ['debug'])
})

t.test('debug is on', async (t) => {
  t.equal(hasDebug({ ...recordingLogger(), isLevelEnabled: (level: string) => level === 'debug' }), true)
})

t.test('a logger that cannot say gets every line', async (t) => {
  t.equal(hasDebug(recordingLogger()), true)
})

t.test('where debug is off, nothing is made of a session\'s end', async (t) => {
  const lines = recordingLogger()
  const logger = { ...lines, isLevelEnabled: () => false }
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onSqlite(sqliteFile(t)) } }, logger })
  await sqlassist.engine().orm.schema.create()
  {
    await using session = sqlassist.session()
    t.equal(await session.writer.count(Shelf), 0)
  }
  t.same(lines.lines, [])
})

t.test('the life of a session, for an application', async (t) => {
  const logger = recordingLogger()
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onSqlite(sqliteFile(t)) } }, logger })
  await sqlassist.engine().orm.schema.create()
  {
    await using session = sqlassist.session()
    await session.writer.count(Shelf)
  }
  const lines = logger.lines.filter(({ level }) => level === 'debug')
  t.ok(lines.length > 0)
  for (const { context, message } of lines) {
    t.match(context, { engine: 'writer', session: Number })
    t.match(message, /^session writer#\d+ /)
  }
  t.same(logger.lines.filter(({ level }) => level !== 'debug'), [], 'and nothing louder')
})

t.test('silence, where there is no logger', async (t) => {
  for (const level of ['debug', 'info', 'warn', 'error'] as const) t.equal(noLogger[level]({}, 'unheard'), undefined)
  t.equal(noLogger.isLevelEnabled!('debug'), false)
})
