import { asLiterals, markAsLiterals } from '../binding/sqlite-literals.ts'
import type { Commenter } from '../comments/commenter.ts'
import { withLeadingComment } from '../comments/append.ts'
import { rawQuery } from '../compiled/raw-query.ts'
import { watchQuery } from '../events/watch-query.ts'
import { startInSession } from '../sessions/running.ts'
import type { Answer, SessionState, ShortReads } from '../sessions/state.ts'
import type { SqliteDatabase } from './statement-cache.ts'

/** The parts of kysely's dialect and driver that say when its connection is in use. */
interface Dialect {
  createDriver(): Driver
}
interface Driver {
  init(...args: unknown[]): Promise<void>
  acquireConnection(...args: unknown[]): Promise<unknown>
  releaseConnection(...args: unknown[]): Promise<void>
  destroy(...args: unknown[]): Promise<void>
}

/** The parts of MikroORM's connection, and of its kysely, by which one waits for the only connection of a database. */
interface Waiting {
  ensureConnection(): Promise<unknown>
  getClient(): { connection(): { execute<T>(fn: (held: { executeQuery(query: object): Promise<T> }) => Promise<T>): Promise<T> } }
}

/** Whose database it is. */
interface Host {
  readonly engine: string
  readonly comments: Commenter | undefined
}

/**
 * A database that has been opened, read past kysely: better-sqlite3 answers at once, and all that could come in between is what holds the connection already, a
 * transaction or a stream. Whoever finds it held waits for it as everybody does.
 */
export class OpenDatabase implements ShortReads {
  readonly #database: SqliteDatabase
  readonly #connection: Waiting
  readonly #host: Host
  #ready = false
  #held = 0

  /** @param database - the one that kysely uses */
  constructor(database: SqliteDatabase, connection: object, host: Host) {
    this.#database = database
    this.#connection = connection as Waiting
    this.#host = host
  }

  /** Whether it has been set up, and is not closed yet. */
  get ready(): boolean {
    return this.#ready
  }

  /** Lets it know when the connection of a dialect is held. */
  watch(dialect: object): void {
    const watched = dialect as Dialect
    const createDriver = watched.createDriver.bind(watched)
    watched.createDriver = () => this.#watchDriver(createDriver())
  }

  #watchDriver(driver: Driver): Driver {
    const [init, acquire, release, destroy] = [driver.init.bind(driver), driver.acquireConnection.bind(driver), driver.releaseConnection.bind(driver), driver.destroy.bind(driver)]
    return Object.assign(driver, {
      init: async (...args: unknown[]) => {
        await init(...args)
        this.#ready = true
      },
      acquireConnection: async (...args: unknown[]) => {
        this.#held++
        return await acquire(...args)
      },
      releaseConnection: async (...args: unknown[]) => {
        this.#held--
        await release(...args)
      },
      destroy: async (...args: unknown[]) => {
        this.#ready = false
        await destroy(...args)
      },
    })
  }

  /** @see ShortReads */
  async read(session: SessionState, text: string, values: readonly unknown[]): Promise<Answer> {
    await Promise.resolve() // reads that are started together each ask, and whoever looks for the caller finds it behind an await, as on all other ways
    if (!this.#ready || this.#held > 0) return await this.#inTurn(session, text, values)
    session.assertOpen()
    const { engine, comments } = this.#host
    const sql = comments === undefined ? text : withLeadingComment(text, comments.of(session.whose))
    const answered = watchQuery(() => ({ engine, session, sql, uncommented: text, parameters: values, kind: 'other' }))
    try {
      const rows = this.#database.prepare(sql).all(asLiterals(values)) as Answer['rows']
      answered?.({ rows: rows.length })
      return { rows }
    } catch (error) {
      answered?.({ error })
      throw error
    }
  }

  async #inTurn(session: SessionState, text: string, values: readonly unknown[]): Promise<Answer> {
    await this.#connection.ensureConnection()
    return await startInSession(session, async () => await this.#connection.getClient().connection().execute<Answer>(async (held) => {
      session.assertOpen() // it may have ended while we waited
      return await held.executeQuery(rawQuery(text, markAsLiterals(values)))
    }))
  }
}
