// Every name of pyramid_sqlassist has its place in docs/coming-from-pyramid-sqlassist.md.
import t from 'tap'
import { pages } from './support/markdown.ts'

const { text } = pages().find(({ path }) => path === 'docs/coming-from-pyramid-sqlassist.md')!

t.test('every name of the seed is mapped', async (t) => {
  const seed = [
    'initialize_engine', 'register_request_method', 'reinit_engine', 'DeclaredTable', 'DbSessionsContainer', 'EngineWrapper', '_ENGINE_REGISTRY',
    'use_zope', 'reflect=', 'default=', 'configure_mappers', 'sqlalchemy_reader.url', 'post_fork_hook', 'pyramid_forksafe', 'Celery', '!all', '!default',
    '`reader`', '`writer`', '`logger`', '`any`', 'get_reader', 'get_writer', 'get_logger', 'get_any', 'object_session', "session.info['request']",
    'add_finished_callback', 'session.remove()', 'non-scoped', 'automatic rollback', 'NAMING_CONVENTION', '_metadata', 'UtilityObject',
    'get__by__id', 'get__by__column__lower', 'get__by__column__similar', 'get__by__column__exact_then_ilike', 'get__range', 'columns_as_dict',
    'transaction.commit()', 'transaction.abort()', 'zope_register', 'mark_changed', 'SQLASSIST_DISABLE', 'ProgrammingError', 'AssertionError',
    'debugtoolbar.includes', 'PYTHONOPTIMIZE', 'initialized, started, ended', 'dbSession.writer.commit()', 'TestTable',
  ]
  for (const name of seed) t.ok(text.includes(name), name)
})

t.test('nothing is called "later" any more', async (t) => t.notMatch(text, /\*\*later\*\*/i))
