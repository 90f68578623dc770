import { fingerprintOfStatement } from './analysis/analysed.ts'
import { isExplainable } from './explain/explainable.ts'
import { secretTablesOf } from './masking/secret-tables.ts'
import { maskStatement } from './masking/statement.ts'
import { maskError } from './masking/text.ts'
import type { Panel } from './panel.ts'
import type { RequestRecord } from './recording/request-record.ts'
import type { Statement } from './recording/statements.ts'
import { formatted } from '../../orm/sql/format.ts'
import { withLiterals } from '../../orm/sql/parameters.ts'
import { tokensOf } from '../../orm/sql/tokens.ts'
import type { StatementRecord } from './types.ts'

/** A statement as it is shown. */
export function statementRecord(statement: Statement, record: RequestRecord, { settings, sqlassist }: Panel): StatementRecord {
  const { n, engine, session, kind, internal, pid, at, durationMs, rows, affected, caller, cut } = statement
  const tokens = tokensOf(statement.sql)
  const all = !settings.parametersShown
  const shown = maskStatement(tokens, statement.literals, { all, mayHaveSecrets: secretTablesOf(sqlassist.engine(engine).orm) })
  const sql = formatted(shown.tokens)
  return {
    n, engine, session, kind, internal, pid,
    sql: cut ? `${sql} ...` : sql,
    parameters: shown.parameters,
    runnable: shown.masked || cut ? null : formatted(withLiterals(tokens, statement.literals)),
    atMs: record.since(at), durationMs, rows, affected,
    error: statement.error && maskError(statement.error, all || shown.masked),
    slow: durationMs !== null && durationMs >= settings.slowQueryMs,
    caller,
    fingerprint: fingerprintOfStatement(statement),
    explainable: settings.explain.has(engine) && isExplainable(statement),
  }
}
