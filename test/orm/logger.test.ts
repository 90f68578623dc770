// Lines of ours: none is made where nobody reads it.
import t from 'tap'
import { createSqlAssist, type SqlAssistLogger } from 'fastify-sqlassist/orm'
import { debug, noLogger } from '../../orm/logger.ts'
import { sqliteFile } from '../support/databases.ts'
import { onSqlite, recordingLogger, Shelf } from './engines/library.ts'

function countingContexts(): { context: () => object; made: () => number } {
  let made = 0
  return { context: () => ({ made: ++made }), made: () => made }
}

t.test('debug is off: the context is never made', async (t) => {
  const { context, made } = countingContexts()
  const asked: string[] = []
  const quiet: SqlAssistLogger = {
    ...noLogger,
    debug: () => t.fail('nothing is written'),
    isLevelEnabled: (level) => {
      asked.push(level)
      return false
    },
  }
  debug(quiet, 'something happened', context)
  debug(noLogger, 'something happened', context)
  t.equal(made(), 0)
  t.same(asked, ['debug'])
})

t.test('debug is on', async (t) => {
  const { context, made } = countingContexts()
  const logger = { ...recordingLogger(), isLevelEnabled: (level: string) => level === 'debug' }
  debug(logger, 'something happened', context)
  t.same(logger.lines, [{ level: 'debug', context: { made: 1 }, message: 'something happened' }])
  t.equal(made(), 1)
})

t.test('a logger that cannot say gets every line', async (t) => {
  const logger = recordingLogger()
  debug(logger, 'something happened', () => ({ engine: 'writer' }))
  t.same(logger.lines, [{ level: 'debug', context: { engine: 'writer' }, message: 'something happened' }])
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
