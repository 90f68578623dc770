// The public names, listed here once more: whoever adds or removes one does it knowingly.
import * as orm from 'fastify-sqlassist/orm'
import * as plugin from 'fastify-sqlassist'
import * as debug from 'fastify-sqlassist/debug'
import * as testing from 'fastify-sqlassist/testing'
import t from 'tap'

t.strictSame(Object.keys(plugin).toSorted(), [
  'DbSessionsContainer', 'DeclaredTable', 'NAMING_CONVENTION', 'STATUS', 'UtilityObject', 'createSqlAssist', 'default', 'defineEngines',
  'requestOf', 'sessionOf', 'sqlAssistConfig', 'sqlassist',
])

t.strictSame(Object.keys(orm).filter((name) => !name.endsWith('Error')).toSorted(), [
  'DbSessionsContainer', 'DeclaredTable', 'NAMING_CONVENTION', 'SQLASSIST_EVENTS', 'STATUS', 'SqlAssist', 'UtilityObject', 'cliConfigs', 'columnsAsObject',
  'createSqlAssist', 'defineEngines', 'getByColumnExactThenIlike', 'getByColumnLower', 'getByColumnSimilar', 'getById', 'getByIds', 'getPage',
  'getRange', 'isRetryable', 'loadedColumnsAsList', 'loadedColumnsAsObject', 'onSqlAssistEvent', 'reflectTables', 'requestOf', 'sessionOf', 'sqlAssistConfig', 'withUtility',
])

t.strictSame(Object.keys(debug).toSorted(), ['default', 'sqlassistDebug'])

t.strictSame(Object.keys(testing).toSorted(), ['createTestDatabase', 'rollbackAfterEach'])

t.test('what both entry points export is the same thing', async (t) => {
  t.equal(plugin.DbSessionsContainer, orm.DbSessionsContainer)
  t.equal(plugin.createSqlAssist, orm.createSqlAssist)
  t.equal(plugin.default, plugin.sqlassist)
  t.equal(debug.default, debug.sqlassistDebug)
})
