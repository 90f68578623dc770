import { dialectNamed } from '../engines.ts'
import { ExplainRefusedError } from '../../../orm/index.ts'
import type { Panel } from '../panel.ts'
import type { Statement } from '../recording/statements.ts'
import { withLiterals } from '../../../orm/sql/parameters.ts'
import { tokensOf } from '../../../orm/sql/tokens.ts'
import { isExplainable } from './explainable.ts'
import { planOnPostgres } from './postgres.ts'
import { planOnSqlite } from './sqlite.ts'

/**
 * Asks the database how it would run a statement that was recorded. It is not run.
 *
 * @throws ExplainRefusedError; what the database fails with
 */
export async function explain(statement: Statement, { settings, sqlassist }: Panel): Promise<string> {
  const { engine: name } = statement
  if (!settings.explain.has(name)) throw new ExplainRefusedError(`the option 'explain' does not allow it for engine '${name}'`)
  if (!isExplainable(statement)) throw new ExplainRefusedError('it is no single query or change that was recorded as a whole')
  const engine = sqlassist.engine(name)
  const sql = withLiterals(tokensOf(statement.sql), statement.literals).map(({ text }) => text).join('')
  const dialect = dialectNamed(sqlassist, name)
  if (dialect === 'postgresql') return await planOnPostgres(engine, sql)
  if (dialect === 'sqlite') return await planOnSqlite(engine, sql)
  /* c8 ignore next 2 -- of other databases no statements are recorded */
  throw new ExplainRefusedError(`plans are read from PostgreSQL and SQLite, and engine '${name}' is neither`)
}
