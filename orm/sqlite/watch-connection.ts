import { type Answered, type Sending, watched, watchQuery } from '../events/watch-query.ts'
import { kindOf } from '../postgres/statement-kind.ts'
import { runningSession } from '../sessions/running.ts'

interface Query {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

interface Result {
  readonly rows: readonly unknown[]
  readonly numAffectedRows?: bigint
}

/** The parts of kysely's SQLite connection through which all statements go. */
interface SqliteConnection {
  executeQuery(query: Query, ...more: unknown[]): Promise<Result>
  streamQuery(query: Query, ...more: unknown[]): AsyncIterableIterator<Result>
}

/** Tells of every statement that runs on a connection. SQLite has one for an engine: whose a statement is, only the running session tells. */
export function watchConnection(connection: object, engine: string): void {
  const watchable = connection as SqliteConnection
  const execute = watchable.executeQuery.bind(watchable)
  const stream = watchable.streamQuery.bind(watchable)
  const sending = ({ sql, parameters }: Query): Sending => ({ engine, session: runningSession(), sql, parameters, kind: kindOf(sql) })
  watchable.executeQuery = (query, ...more) => watched(() => sending(query), () => execute(query, ...more), answeredWith)
  watchable.streamQuery = (query, ...more) => told(stream(query, ...more), () => sending(query))
}

const answeredWith = ({ rows, numAffectedRows }: Result): Answered => ({ rows: rows.length, affected: numAffectedRows === undefined ? undefined : Number(numAffectedRows) })

async function* told(results: AsyncIterableIterator<Result>, sending: () => Sending): AsyncGenerator<Result> {
  const answered = watchQuery(sending)
  let rows = 0
  try {
    for await (const result of results) {
      rows += result.rows.length
      yield result
    }
  } catch (error) {
    answered?.({ rows, error })
    throw error
  } finally {
    answered?.({ rows })
  }
}
