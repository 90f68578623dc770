import type { ForkOptions, MikroORM, Options } from '@mikro-orm/core'
import type { SqlCommentOptions } from '../comments/options.ts'
import type { NamingConventionOption } from '../models/naming/convention.ts'
import type { BatchOptions } from './batch-options.ts'
import type { EngineLimits, ResetOnRelease } from './limits.ts'
import type { MigrateOptions } from './migrate-options.ts'
import type { PipelineOptions } from '../postgres/pipeline/options.ts'
import type { PreparedStatements } from '../postgres/prepared/statement-names.ts'
import type { SessionInfo } from '../sessions/info.ts'

/**
 * How the sessions of an engine are made: MikroORM's fork options that make sense for a session, and default filters.
 */
export interface SessionForkOptions extends Pick<ForkOptions, 'flushMode' | 'schema' | 'loggerContext' | 'session' | 'disableTransactions'> {
  /**
   * Filters that every query of the session gets unless it says otherwise, in the form of a query's own `filters`:
   * `{ tenant: { id: 7 }, softDelete: false }`. They must be defined in the MikroORM options or on the entities.
   */
  readonly filters?: Readonly<Record<string, boolean | Record<string, unknown>>>
}

/** One named database. */
export interface EngineOptions {
  /** MikroORM options, driver included (`defineConfig` of a driver package): the engine makes its own MikroORM of them. */
  // oxlint-disable-next-line typescript/no-explicit-any -- options of any driver, any EntityManager, any entities
  readonly config?: Partial<Options<any, any, any>>
  /** A MikroORM instance that the application has made, best with `sqlAssistConfig()`. In place of `config`. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly orm?: MikroORM<any, any, any>
  /** The engine that `sqlassist.engine()` without a name means. Default: the first one. */
  readonly default?: boolean
  /** Refuses to write, in the session and in the database. Default: false. */
  readonly readonly?: boolean
  /** Each flush is durable by itself, and nothing undoes it: for audit lines. Transactions are refused. Default: false. */
  readonly autocommit?: boolean
  /**
   * PostgreSQL: a transaction over several engines is committed in two phases, so that all of it is kept or nothing, whatever happens in between. The server
   * must have `max_prepared_transactions`. Default: false.
   */
  readonly twoPhase?: boolean
  /** How sessions are made; a function is called with the session's `info` (in a request: `{ request }`), once per session. */
  readonly fork?: SessionForkOptions | ((info: SessionInfo) => SessionForkOptions)
  /**
   * Patterns for the names of constraints and indexes, where they are to differ from `NAMING_CONVENTION`; false for MikroORM's names.
   * A `namingStrategy` of the config goes on naming tables and columns; given alone it names everything. With `orm`: see `sqlAssistConfig()`.
   */
  readonly namingConvention?: NamingConventionOption | undefined
  /**
   * Runs the pending migrations at registration, once for all processes that start at the same time. Default: false.
   * With `config`, on PostgreSQL and SQLite, not on a readonly engine. Options are MikroORM's `migrations` options.
   */
  readonly migrate?: boolean | MigrateOptions
  /**
   * In place of `config`, with `readonly` and `follows`: several servers that are streaming replicas of the followed engine's (PostgreSQL). Each session reads from
   * one of them, which has what the session's `consistency` asks for. What a config leaves out, other than where its server is, is as in the followed engine's.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- as of config
  readonly replicas?: readonly Partial<Options<any, any, any>>[]
  /** Readonly engines: the writable engine whose data this one has, because its database is a replica of that one's. */
  readonly follows?: string
  /**
   * PostgreSQL, with `follows`: in a transaction of the request or job, once the followed engine has begun its own, this engine's sessions read in that one, in
   * savepoints that may not write: they see what is not committed yet. Default: false.
   */
  readonly joinTransaction?: boolean
  /**
   * With `follows`: what happens while the own database is down, or no replica is new enough. `'follows'` (default): reads go to the database of the followed
   * engine, in read-only connections; `'error'`: they fail.
   */
  readonly fallback?: 'follows' | 'error'
  /** How long the engine waits, and for how much. */
  readonly limits?: EngineLimits
  /**
   * PostgreSQL: what is cleared of a connection that comes back. `'transaction'` (default): an open transaction; `'session'`: also SET, the role,
   * temporary tables, LISTEN, advisory locks, for one more round trip.
   */
  readonly resetOnRelease?: ResetOnRelease
  /**
   * PostgreSQL, with `autocommit: true`: new entities of all sessions that go into the same columns of the same table are inserted by one statement, which many share.
   * Each flush ends when its own row is durable, or with the error of its own row.
   */
  readonly batch?: BatchOptions
  /**
   * PostgreSQL, readonly and autocommit engines: reads by key (`getById()` and the like) outside of transactions share a few connections, on which they are sent
   * without waiting for the answers to those before. Default: false.
   */
  readonly pipeline?: boolean | PipelineOptions
  /**
   * PostgreSQL and SQLite: values go beside the statements that MikroORM sends, in place of literals in their text, and statements that are repeated are prepared, so
   * that the database plans them once. `'auto'` (default): prepared only where a connection leads to one backend, and not behind a pooler in transaction mode;
   * `true`: also there (PgBouncer from 1.21 on, with `max_prepared_statements`); `false`: literals, as MikroORM does by itself.
   */
  readonly preparedStatements?: PreparedStatements
  /** Comments in its SQL, in place of what the option of that name says for all engines. */
  readonly sqlComments?: boolean | SqlCommentOptions
  /**
   * PostgreSQL and SQLite: what takes less than MikroORM's general way goes a shorter one, with the same outcome: reads by key; with PostgreSQL a flush that is one statement and
   * a single new entity as well. See docs/fast-path.md. Default: true; with false each byte is as MikroORM alone sends it.
   */
  readonly fastPath?: boolean
  /** With `orm`: close it together with everything else. Default: false, because the application made it. */
  readonly dispose?: boolean
}

/** Engines by name. A Map, or pairs of name and options, will do as well: the names may be computed. */
export type EnginesInput = Readonly<Record<string, EngineOptions>> | Iterable<readonly [name: string, options: EngineOptions]>

/**
 * Declares the engines of an application, typed so that `EnginesOf<typeof engines>` knows each name, driver and whether it may write.
 * Nothing is made and nothing is checked before the engines are registered.
 *
 * @param engines - options by engine name
 * @returns the same object
 */
export function defineEngines<const E extends Record<string, EngineOptions>>(engines: E): E {
  return engines
}
