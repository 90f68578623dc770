import { withLeadingComment } from '../comments/append.ts'
import type { Commenter } from '../comments/commenter.ts'
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

/** Whose connection it is. */
interface Watching {
  readonly engine: string
  readonly comments: Commenter | undefined
}

/**
 * Tells of every statement that runs on a connection, and puts comments into them, where those are wanted. SQLite has one connection for an engine: whose a
 * statement is, only the running session tells.
 */
export function watchConnection(connection: object, host: Watching): void {
  const watchable = connection as SqliteConnection
  const execute = watchable.executeQuery.bind(watchable)
  const stream = watchable.streamQuery.bind(watchable)
  const commented = (query: Query): Query =>
    host.comments === undefined ? query : { ...query, sql: withLeadingComment(query.sql, host.comments.of(runningSession()?.whose)) }
  const sending = ({ sql, parameters }: Query, { sql: uncommented }: Query): Sending =>
    ({ engine: host.engine, session: runningSession(), sql, uncommented, parameters, kind: kindOf(uncommented) })
  watchable.executeQuery = (query, ...more) => {
    const sent = commented(query)
    return watched(() => sending(sent, query), () => execute(sent, ...more), answeredWith)
  }
  watchable.streamQuery = (query, ...more) => told(() => {
    const sent = commented(query)
    return { results: stream(sent, ...more), answered: watchQuery(() => sending(sent, query)) }
  })
}

const answeredWith = ({ rows, numAffectedRows }: Result): Answered => ({ rows: rows.length, affected: numAffectedRows === undefined ? undefined : Number(numAffectedRows) })

interface Stream {
  readonly results: AsyncIterableIterator<Result>
  readonly answered: ((answered: Answered) => void) | undefined
}

/** @param start - called where the session runs that asks for the first row */
async function* told(start: () => Stream): AsyncGenerator<Result> {
  const { results, answered } = start()
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
