import createError from '@fastify/error'

/** What every error of this package has: a stable code, and an HTTP status where one makes sense. */
export interface SqlAssistError extends Error {
  /** Starts with `SQLASSIST_`; `docs/errors.md` has a section of that name. */
  readonly code: string
  /** The HTTP status that Fastify answers with when nobody catches the error. */
  readonly statusCode?: number
}

/** An error class of this package: called with what the message names, and with the cause where there is one. */
export interface SqlAssistErrorClass<Args extends readonly unknown[]> {
  /** @param args - what the message names, and the cause where there is one */
  new (...args: [...Args, options?: { readonly cause: unknown }]): SqlAssistError
  /** Of its errors, for `instanceof`. */
  readonly prototype: SqlAssistError
  /** The code that all its errors have. */
  readonly code: string
}

/** Fastify sends the `headers` of an error with its answer. In seconds: a database that is back answers at once. */
const RETRY_AFTER = Object.freeze({ 'retry-after': '1' })

/** Every code ever given out, in one table. A retired code stays listed, so that it is never used again. */
const codes = new Set<string>()

function coded<Args extends readonly unknown[]>(
  name: string,
  code: string,
  statusCode: number,
  text: (...args: Args) => string,
): SqlAssistErrorClass<Args> {
  if (codes.has(code)) throw new TypeError(`The error code ${code} is given out twice`)
  codes.add(code)
  // createError keeps instanceof true across two copies of this package: it compares codes, not classes.
  const Base = createError(code, '%s', statusCode)
  class Coded extends Base {
    static readonly code = code
    constructor(...args: [...Args, options?: { readonly cause: unknown }]) {
      const options = args.length > text.length ? args.pop() : undefined
      const message = `${text(...(args as unknown as Args))} [docs/errors.md#${code.toLowerCase()}]`
      if (options === undefined) super(message)
      else super(message, options)
      this.name = name
      // MikroORM copies a driver's error, property by property, into one of its own: this is the way back.
      Object.defineProperty(this, 'original', { value: this })
      if (statusCode === 503) Object.defineProperty(this, 'headers', { value: RETRY_AFTER })
    }
  }
  Object.defineProperty(Coded, 'name', { value: name })
  return Coded
}

/** The codes in use, for the test that compares them with `docs/errors.md`. */
export const errorCodes: ReadonlySet<string> = codes

// ---- before anything happened: options, names, models ------------------------------------------------------------

/** `SQLASSIST_INVALID_OPTIONS`, 500: an option is unknown, of the wrong type, missing, or does not go with another one. */
export const InvalidOptionsError = coded(
  'InvalidOptionsError', 'SQLASSIST_INVALID_OPTIONS', 500,
  (option: string, problem: string) => `Option '${option}' ${problem}.`,
)

/**
 * `SQLASSIST_DUPLICATE_PACKAGE`, 500: two copies of this package are installed, and what one of them has made was given to the other: an
 * `app.sqlassist`, a container class, the options of `sqlAssistConfig()`.
 */
export const DuplicatePackageError = coded(
  'DuplicatePackageError', 'SQLASSIST_DUPLICATE_PACKAGE', 500,
  (what: string, here: string, there: string) =>
    `${what} comes from another copy of fastify-sqlassist (${there}) than this one (${here}). See 'npm ls fastify-sqlassist', and install one version for all: 'npm dedupe'.`,
)

/**
 * `SQLASSIST_ENGINE_NAME_INVALID`, 500: an engine has a name that cannot be a property of `request.dbSession`: it is empty, no string, given twice,
 * starts with `$` or `_`, is `!all` or `!default`, or is the name of something that is there already, such as `close`, `status` or `constructor`.
 */
export const EngineNameInvalidError = coded(
  'EngineNameInvalidError', 'SQLASSIST_ENGINE_NAME_INVALID', 500,
  (name: string, problem: string) => `${name} cannot be the name of an engine: ${problem}.`,
)

/** `SQLASSIST_DEFAULT_ENGINE`, 500: more than one engine is marked `default: true`. */
export const DefaultEngineError = coded(
  'DefaultEngineError', 'SQLASSIST_DEFAULT_ENGINE', 500,
  (names: string) => `More than one engine is marked 'default: true' (${names}). Mark one of them.`,
)

/** `SQLASSIST_ENGINE_UNKNOWN`, 500: there is no engine of that name; the message lists those that are there. */
export const EngineUnknownError = coded(
  'EngineUnknownError', 'SQLASSIST_ENGINE_UNKNOWN', 500,
  (name: string, known: string) => `There is no engine '${name}'. Registered engines: ${known}.`,
)

/**
 * `SQLASSIST_ORM_WITHOUT_CONFIG`, 500: an engine was given an `orm` that was made without `sqlAssistConfig()`, and that does harm here: it shares an
 * entity class with another engine, or the engine must refuse writes.
 */
export const OrmWithoutConfigError = coded(
  'OrmWithoutConfigError', 'SQLASSIST_ORM_WITHOUT_CONFIG', 500,
  (engine: string, why: string) =>
    `The MikroORM instance of engine '${engine}' was made without sqlAssistConfig(), and ${why}. ` +
    `Make it with MikroORM.init(sqlAssistConfig('${engine}', { ...yourOptions })), or pass the options as 'config' and let the engine make it.`,
)

/** `SQLASSIST_ORM_CONNECTED`, 500: the `orm` of a readonly engine had connected before it was registered. */
export const OrmConnectedError = coded(
  'OrmConnectedError', 'SQLASSIST_ORM_CONNECTED', 500,
  (engine: string) =>
    `The MikroORM instance of the readonly engine '${engine}' was connected before it was registered, so its connections may be writable. ` +
    `Register it first, or make it with sqlAssistConfig('${engine}', options, { readonly: true }).`,
)

/**
 * `SQLASSIST_DRIVER_UNSUPPORTED`, 500: an engine asks for something that cannot be done with its driver, such as `readonly` on a database of which this
 * package does not know how to make connections read-only.
 */
export const DriverUnsupportedError = coded(
  'DriverUnsupportedError', 'SQLASSIST_DRIVER_UNSUPPORTED', 500,
  (engine: string, driver: string, what: string) => `Engine '${engine}' uses ${driver}, and ${what}.`,
)

/** `SQLASSIST_DISCOVERY_FAILED`, 500: MikroORM has found a mistake in the entities of the engine. */
export const DiscoveryFailedError = coded(
  'DiscoveryFailedError', 'SQLASSIST_DISCOVERY_FAILED', 500,
  (engine: string, reason: string) => `The entities of engine '${engine}' could not be discovered: ${reason}`,
)

/** `SQLASSIST_SQLITE_FILE_SHARED`, 500: several engines write to one SQLite file. */
export const SqliteFileSharedError = coded(
  'SqliteFileSharedError', 'SQLASSIST_SQLITE_FILE_SHARED', 500,
  (file: string, engines: string) =>
    `The engines ${engines} all write to the SQLite file ${file}. While one of them holds a transaction, a write of another freezes ` +
    `the event loop until its busy timeout. Give each its own file, make all but one readonly, or make all of them autocommit.`,
)

/** `SQLASSIST_SQLITE_MEMORY`, 500: several engines use `:memory:`. */
export const SqliteMemoryError = coded(
  'SqliteMemoryError', 'SQLASSIST_SQLITE_MEMORY', 500,
  (engines: string) =>
    `The engines ${engines} use ':memory:', which is a separate, empty database for each of them. Use a file, ` +
    `or give all of them one kysely dialect over one open database as 'driverOptions': new SqliteDialect({ database }).`,
)

/** `SQLASSIST_MIKROORM_UNSUPPORTED`, 500: the installed MikroORM lacks internals that this package builds on; the message names them. */
export const MikroOrmUnsupportedError = coded(
  'MikroOrmUnsupportedError', 'SQLASSIST_MIKROORM_UNSUPPORTED', 500,
  (version: string, missing: string) =>
    `This version of fastify-sqlassist builds on internals that MikroORM ${version} does not have: ${missing}. ` +
    `Install @mikro-orm/core >=7.2.1 <7.3, or a newer fastify-sqlassist.`,
)

/** `SQLASSIST_ALREADY_REGISTERED`, 500: the plugin is registered twice in one scope. */
export const AlreadyRegisteredError = coded(
  'AlreadyRegisteredError', 'SQLASSIST_ALREADY_REGISTERED', 500,
  () =>
    `fastify-sqlassist is registered twice in one scope. Put all engines into one registration, ` +
    `or register each in a scope (a plugin without fastify-plugin) of its own.`,
)

/**
 * `SQLASSIST_DECORATOR_CLASH`, 500: the request already has a property of the name in the option `attribute` (`dbSession` by default), or the
 * application a decorator `sqlassist` that is not ours.
 */
export const DecoratorClashError = coded(
  'DecoratorClashError', 'SQLASSIST_DECORATOR_CLASH', 500,
  (kind: string, name: string) =>
    `The ${kind} already has a decorator or a property '${name}'. ` +
    (kind === 'request' ? `Choose another name with the option 'attribute'.` : `Another plugin has put it there: rename that one.`),
)

/** `SQLASSIST_REQUEST_NOT_READY`, 500: `request.dbSession` was used in an `onRequest` hook that runs before ours. */
export const RequestNotReadyError = coded(
  'RequestNotReadyError', 'SQLASSIST_REQUEST_NOT_READY', 500,
  (attribute: string) =>
    `request.${attribute} was used in an onRequest hook that runs before fastify-sqlassist's own. ` +
    `Register fastify-sqlassist before the plugin that adds that hook.`,
)

// ---- while a request or a job runs ---------------------------------------------------------------------------------

/**
 * `SQLASSIST_SESSION_CLOSED`, 500: a session was used after its request or job had ended, or was in use when that happened: the client left, the server
 * shut down, or work was not awaited.
 */
export const SessionClosedError = coded(
  'SessionClosedError', 'SQLASSIST_SESSION_CLOSED', 500,
  (what: string) =>
    `${what} has ended, and its sessions are closed. Await all work before the end; ` +
    `for work that outlives a request open a container of its own with app.sqlassist.session().`,
)

/** `SQLASSIST_READONLY_ENGINE`, 500: something was to be written through a `readonly` engine. */
export const ReadonlyEngineError = coded(
  'ReadonlyEngineError', 'SQLASSIST_READONLY_ENGINE', 500,
  (engine: string, what: string) => `Engine '${engine}' is readonly: ${what} is refused. Write through a writable engine.`,
)

/**
 * `SQLASSIST_AUTOCOMMIT_ENGINE`, 500: `begin()` or `transactional()` was called on an `autocommit` engine, whose promise is that nothing undoes what was
 * flushed.
 */
export const AutocommitEngineError = coded(
  'AutocommitEngineError', 'SQLASSIST_AUTOCOMMIT_ENGINE', 500,
  (engine: string, what: string) =>
    `Engine '${engine}' is autocommit: each flush is durable by itself, so ${what}() is refused. ` +
    `One flush is atomic; for more, use an engine without 'autocommit: true'.`,
)

/**
 * `SQLASSIST_JOINED_STREAM`, 500: a session of an engine with `joinTransaction` was to read a stream of rows in the transaction of the engine that it
 * follows.
 */
export const JoinedStreamError = coded(
  'JoinedStreamError', 'SQLASSIST_JOINED_STREAM', 500,
  () => `A stream of rows cannot be read in the transaction of another engine, which would stand still for it. Read it before that engine is used, or as a list.`,
)

/** `SQLASSIST_TRANSACTION_OPEN`, 500: `begin()` was called on a session that is in a transaction. */
export const TransactionOpenError = coded(
  'TransactionOpenError', 'SQLASSIST_TRANSACTION_OPEN', 500,
  (engine: string) =>
    `The session of engine '${engine}' is in a transaction already: a second begin() would lose the first one. ` +
    `Commit or roll back first, or nest with session.transactional().`,
)

/** `SQLASSIST_ENTITY_UNKNOWN`, 500: the engine has no metadata of that class. */
export const EntityUnknownError = coded(
  'EntityUnknownError', 'SQLASSIST_ENTITY_UNKNOWN', 500,
  (entity: string, engine: string) =>
    `Engine '${engine}' does not know the entity ${entity}. Add it to the 'entities' of that engine, or use the engine that has it.`,
)

/** `SQLASSIST_ENTITY_OF_ANOTHER_SESSION`, 500: an entity that one session holds was given to another one, directly or as part of what it is related to. */
export const EntityOfAnotherSessionError = coded(
  'EntityOfAnotherSessionError', 'SQLASSIST_ENTITY_OF_ANOTHER_SESSION', 500,
  (entity: string, owner: string, session: string) =>
    `${entity} belongs to ${owner}, not to ${session}: changes made to it later would be lost. ` +
    `Load it through the session that writes it, refer to it with getReference(), or hand it over with merge().`,
)

/**
 * `SQLASSIST_ENTITY_LOADED_TWICE`, 500: an entity of another session, or of one that has ended, was to be taken in by a session that has already loaded
 * the same row.
 */
export const EntityLoadedTwiceError = coded(
  'EntityLoadedTwiceError', 'SQLASSIST_ENTITY_LOADED_TWICE', 500,
  (entity: string, session: string) =>
    `${session} has already loaded another instance of ${entity}. Change that one: two instances of one row overwrite each other.`,
)

/** `SQLASSIST_DISPOSED`, 503: the application or the engines have been closed. */
export const DisposedError = coded(
  'DisposedError', 'SQLASSIST_DISPOSED', 503,
  (what: string) => `${what} has been disposed: it opens no new connection.`,
)

// ---- pools and the database -----------------------------------------------------------------------------------------

/** `SQLASSIST_CHECKOUT_TIMEOUT`, 503: all connections of the engine are in use, and none came back within `limits.checkoutTimeoutMs`. */
export const CheckoutTimeoutError = coded(
  'CheckoutTimeoutError', 'SQLASSIST_CHECKOUT_TIMEOUT', 503,
  (engine: string, timeoutMs: number, pool: string) =>
    `No connection of engine '${engine}' became free within ${timeoutMs} ms (${pool}). ` +
    `Hold connections for less long, or enlarge 'pool.max'; the limit is 'limits.checkoutTimeoutMs'.`,
)

/**
 * `SQLASSIST_POOL_QUEUE_FULL`, 503: `limits.maxWaiting` are waiting for a connection already, so that this one is refused at once and need not wait for
 * its own timeout.
 */
export const PoolQueueFullError = coded(
  'PoolQueueFullError', 'SQLASSIST_POOL_QUEUE_FULL', 503,
  (engine: string, pool: string) =>
    `Too many are waiting for a connection of engine '${engine}' already (${pool}); the limit is 'limits.maxWaiting'. Try again later.`,
)

/**
 * `SQLASSIST_POOL_DEADLOCK`, 503: all connections of the pool (or of several pools) are held by requests that wait for one more of them, and nothing
 * else happens.
 */
export const PoolDeadlockError = coded(
  'PoolDeadlockError', 'SQLASSIST_POOL_DEADLOCK', 503,
  (engine: string, pool: string) =>
    `Everybody who holds a connection of engine '${engine}' waits for one more (${pool}): nobody would ever get it. ` +
    `Use one connection at a time in a request (nest with transactional() on the same session), or make 'pool.max' larger than the requests at once.`,
)

/** `SQLASSIST_DATABASE_UNAVAILABLE`, 503: no connection can be made. */
export const DatabaseUnavailableError = coded(
  'DatabaseUnavailableError', 'SQLASSIST_DATABASE_UNAVAILABLE', 503,
  (engine: string, reason: string) => `The database of engine '${engine}' cannot be reached: ${reason}. Connections are made anew as soon as it can.`,
)

/** `SQLASSIST_CONNECTION_LOST`, 503: the connection was lost while a statement ran, or stopped answering and was cut. */
export const ConnectionLostError = coded(
  'ConnectionLostError', 'SQLASSIST_CONNECTION_LOST', 503,
  (engine: string, reason: string) =>
    `The connection of engine '${engine}' was lost while a statement ran: ${reason}. A transaction on it is rolled back; do the whole work again.`,
)

/** `SQLASSIST_STATEMENT_TIMEOUT`, 504: a statement of a session ran longer than `limits.statementTimeoutMs`. */
export const StatementTimeoutError = coded(
  'StatementTimeoutError', 'SQLASSIST_STATEMENT_TIMEOUT', 504,
  (engine: string, timeoutMs: number) =>
    `A statement on engine '${engine}' ran longer than ${timeoutMs} ms and was stopped; the limit is 'limits.statementTimeoutMs'.`,
)

/**
 * `SQLASSIST_REPLICAS_BEHIND`, 503: an engine with `replicas` and `fallback: 'error'` has none that has what the read needs, and none got there within
 * `limits.replicaWaitMs`.
 */
export const ReplicasBehindError = coded(
  'ReplicasBehindError', 'SQLASSIST_REPLICAS_BEHIND', 503,
  (engine: string, why: string) =>
    `Engine '${engine}' has no replica that is new enough: ${why}. Ask again, raise 'limits.replicaWaitMs', ask for less ('consistency'), or let it read from the followed engine (fallback: 'follows').`,
)

/**
 * `SQLASSIST_REPLICA_FOREIGN`, 500: a server among the `replicas` of an engine has another system identifier than the server of the engine that it
 * `follows`: it is a replica of something else, and would answer with somebody else's data.
 */
export const ReplicaForeignError = coded(
  'ReplicaForeignError', 'SQLASSIST_REPLICA_FOREIGN', 500,
  (engine: string, server: string) =>
    `${server} of engine '${engine}' is no replica of the engine that it follows: its system identifier is another one. Correct its address; it is not used.`,
)

/**
 * `SQLASSIST_TWO_PRIMARIES`, 500: at start-up the server of a writable engine accepts writes, and so does one that is named as a replica of it, on a
 * later timeline: it was promoted, and one of the two is a former primary, whose new rows would be lost.
 */
export const TwoPrimariesError = coded(
  'TwoPrimariesError', 'SQLASSIST_TWO_PRIMARIES', 500,
  (engine: string, promoted: string) =>
    `Engine '${engine}' and ${promoted} of an engine that follows it both accept writes: ${promoted} was promoted. Stop the one that is no longer the primary, and correct the addresses.`,
)

/** `SQLASSIST_DATABASE_READONLY`, 503: a writable engine has reached a server that accepts no writes, such as a former primary. */
export const DatabaseReadonlyError = coded(
  'DatabaseReadonlyError', 'SQLASSIST_DATABASE_READONLY', 503,
  (engine: string) =>
    `The database of the writable engine '${engine}' accepts no writes: it has become a standby or read-only. ` +
    `Its connections are closed, so that the next one may find the new primary.`,
)

/**
 * `SQLASSIST_TRANSACTION_ROLLED_BACK`, 500: `COMMIT` or `PREPARE TRANSACTION` was answered by a rollback, which PostgreSQL does without an error when a
 * statement in the transaction has failed.
 */
export const TransactionRolledBackError = coded(
  'TransactionRolledBackError', 'SQLASSIST_TRANSACTION_ROLLED_BACK', 500,
  (engine: string, statement: string) =>
    `The database of engine '${engine}' answered ${statement} by a rollback: nothing of the transaction was saved. ` +
    `A statement in it had failed and its error was swallowed; it is the cause of this one, where it is known.`,
)

/**
 * `SQLASSIST_COMMIT_OUTCOME_UNKNOWN`, 503: the answer to a `COMMIT` was lost, and the server could not be asked in time what has become of the
 * transaction, or does not know it.
 */
export const CommitOutcomeUnknownError = coded(
  'CommitOutcomeUnknownError', 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN', 503,
  (engine: string, reason: string) =>
    `Whether the transaction on engine '${engine}' was committed is not known: ${reason}. It was committed wholly or not at all: ` +
    `look for its rows before you repeat it.`,
)

// ---- managed transactions --------------------------------------------------------------------------------------------

/** `SQLASSIST_TRANSACTION_NOT_ACTIVE`, 500: `transaction.commit()`, `savepoint()`, `join()`, `doom()`, `note()` or a hook, and no transaction is open. */
export const TransactionNotActiveError = coded(
  'TransactionNotActiveError', 'SQLASSIST_TRANSACTION_NOT_ACTIVE', 500,
  (what: string) => `transaction.${what} needs an open transaction. Open one with transaction.begin(), or let the request have one with transaction: 'request'.`,
)

/** `SQLASSIST_TRANSACTION_ACTIVE`, 500: `transaction.begin()` where a transaction is open already. */
export const TransactionActiveError = coded(
  'TransactionActiveError', 'SQLASSIST_TRANSACTION_ACTIVE', 500,
  (remedy: string) => `transaction.begin() was called where there is a transaction already. ${remedy}.`,
)

/** `SQLASSIST_TRANSACTION_MANAGED`, 500: a session's own `begin()`, `commit()` or `rollback()`, or SQL that does the same, while the transaction is managed. */
export const TransactionManagedError = coded(
  'TransactionManagedError', 'SQLASSIST_TRANSACTION_MANAGED', 500,
  (engine: string, what: string, mode: string) =>
    `The session of engine '${engine}' is in a managed transaction, which ${what} cannot begin or end for one engine alone. ` +
    (mode === 'request' ? 'It is committed at the end of the request; ' : '') +
    `transaction.commit() and transaction.abort() end it on all engines; for a part that may fail use session.transactional() or transaction.savepoint().`,
)

/** `SQLASSIST_TRANSACTION_ENDING`, 500: an engine was used for the first time while the transaction was being committed or aborted. */
export const TransactionEndingError = coded(
  'TransactionEndingError', 'SQLASSIST_TRANSACTION_ENDING', 500,
  (whose: string) => `${whose}: the transaction is being committed or aborted, and no further engine can join it. Await all work before the commit.`,
)

/** `SQLASSIST_TRANSACTION_DOOMED`, 500: `transaction.commit()` after `transaction.doom()`. */
export const DoomedTransactionError = coded(
  'DoomedTransactionError', 'SQLASSIST_TRANSACTION_DOOMED', 500,
  () => `The transaction was doomed with transaction.doom() and cannot be committed: everything is undone.`,
)

/** What became of each engine, by name, where it was not the same for all. */
export interface CommitOutcomes {
  /** What was written there is saved. */
  readonly committed: readonly string[]
  /** What was written there is not. */
  readonly rolledBack: readonly string[]
  /** Neither is known. */
  readonly unknown: readonly string[]
}

const PartialCommit = coded(
  'PartialCommitError', 'SQLASSIST_PARTIAL_COMMIT', 500,
  ({ committed, rolledBack, unknown }: CommitOutcomes) =>
    `Only a part of the transaction was saved. Committed: ${listed(committed)}. Rolled back: ${listed(rolledBack)}. Unknown: ${listed(unknown)}. ` +
    `Somebody must make these agree; with two-phase commit it cannot happen.`,
)

const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '))

/** Several engines were to commit, and some have and some have not. */
export class PartialCommitError extends PartialCommit implements CommitOutcomes {
  readonly committed: readonly string[]
  readonly rolledBack: readonly string[]
  readonly unknown: readonly string[]

  constructor(outcomes: CommitOutcomes, options?: { readonly cause: unknown }) {
    if (options === undefined) super(outcomes)
    else super(outcomes, options)
    this.committed = outcomes.committed
    this.rolledBack = outcomes.rolledBack
    this.unknown = outcomes.unknown
  }
}

/** `SQLASSIST_PREPARE_FAILED`, 500: a transaction over several `twoPhase` engines could not be prepared on one of them, and was undone on all. */
export const PrepareFailedError = coded(
  'PrepareFailedError', 'SQLASSIST_PREPARE_FAILED', 500,
  (engine: string, remedy: string) => `The transaction on engine '${engine}' could not be prepared, and was undone on all engines: ${remedy}.`,
)

/** `SQLASSIST_TWO_PHASE_IMPOSSIBLE`, 500: with the option `twoPhase: true` a transaction has written to more than one engine that is no `twoPhase` engine. */
export const TwoPhaseImpossibleError = coded(
  'TwoPhaseImpossibleError', 'SQLASSIST_TWO_PHASE_IMPOSSIBLE', 500,
  (engines: string) =>
    `The transaction was to be committed in two phases, but has written to more than one engine that cannot be prepared: ${engines}. Everything was undone. ` +
    `Mark them 'twoPhase: true' (PostgreSQL only), write to one of them at most, or leave the transaction's option 'twoPhase' out.`,
)

/**
 * `SQLASSIST_TRANSACTION_RECOVERED`, 503: before the decision on a two-phase commit was written down, recovery had taken it for left behind, because the
 * connection that had prepared it was lost.
 */
export const TransactionRecoveredError = coded(
  'TransactionRecoveredError', 'SQLASSIST_TRANSACTION_RECOVERED', 503,
  () => `Recovery has taken the transaction for left behind and rolled it back on all engines before it was committed: do the whole work again.`,
)

/** `SQLASSIST_STREAM_OPEN`, 500: at the commit somebody was in the middle of a stream of rows, whose connection is given back with the commit. */
export const StreamOpenError = coded(
  'StreamOpenError', 'SQLASSIST_STREAM_OPEN', 500,
  (engine: string) =>
    `The transaction cannot be committed while rows are streamed from engine '${engine}': its connection is given back with the commit. ` +
    `Read the stream to its end before, or say transaction.keepOpen('${engine}') where nothing is written there.`,
)

/** `SQLASSIST_SAVEPOINT_INVALID`, 500: the transaction of a savepoint is over, or an earlier savepoint was rolled back to, which has undone this one. */
export const SavepointInvalidError = coded(
  'SavepointInvalidError', 'SQLASSIST_SAVEPOINT_INVALID', 500,
  (why: string) => `The savepoint cannot be rolled back to: ${why}.`,
)

/** `SQLASSIST_SAVEPOINT_UNSUPPORTED`, 500: a data manager that had joined before the savepoint has no `savepoint()`. */
export const SavepointUnsupportedError = coded(
  'SavepointUnsupportedError', 'SQLASSIST_SAVEPOINT_UNSUPPORTED', 500,
  (dataManager: string) =>
    `The data manager '${dataManager}' has no savepoint(), so that nothing can be rolled back to a savepoint that was made after it has joined. ` +
    `Nothing was undone: abort the whole transaction.`,
)

/** `SQLASSIST_DATA_MANAGER_INVALID`, 500: what `transaction.join()` was given lacks `sortKey`, `commit()`, `finish()` or `abort()`. */
export const DataManagerInvalidError = coded(
  'DataManagerInvalidError', 'SQLASSIST_DATA_MANAGER_INVALID', 500,
  (problem: string) => `What transaction.join() was given ${problem}. A data manager has sortKey, commit(), finish() and abort(), and may have begin(), vote() and savepoint().`,
)

/** `SQLASSIST_HOOK_TIMEOUT`, 500: a hook did not end within `hookTimeoutMs`. */
export const HookTimeoutError = coded(
  'HookTimeoutError', 'SQLASSIST_HOOK_TIMEOUT', 500,
  (kind: string, hook: string, timeoutMs: number) => `A hook of ${kind} (${hook}) did not end within ${timeoutMs} ms; the limit is 'hookTimeoutMs'.`,
)

/**
 * `SQLASSIST_REINIT_UNSUPPORTED`, 500: `reinitEngine(name)` for an engine whose connections are the application's own (an `orm` without
 * `sqlAssistConfig()`, a ready-made kysely), or that would lose its data (`:memory:`).
 */
export const ReinitUnsupportedError = coded(
  'ReinitUnsupportedError', 'SQLASSIST_REINIT_UNSUPPORTED', 500,
  (engine: string, why: string) => `Engine '${engine}' cannot be reinitialised: ${why}.`,
)

// ---- models -------------------------------------------------------------------------------------------------------

/** `SQLASSIST_TABLE_NAME_TOO_LONG`, 500: PostgreSQL cuts names off after 63 bytes, and the table would never be found under the name that the entity has. */
export const TableNameTooLongError = coded(
  'TableNameTooLongError', 'SQLASSIST_TABLE_NAME_TOO_LONG', 500,
  (entity: string, table: string, bytes: number) =>
    `The table '${table}' of ${entity} has a name of ${bytes} bytes, and PostgreSQL cuts names off after 63. ` +
    `Give it a shorter one with 'tableName' (a pivot table: with 'pivotTable').`,
)

/** A name that somebody else has sent, short enough for a message. */
const quoted = (name: unknown): string => (typeof name === 'string' ? JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}...` : name) : `of type ${typeof name}`)

/** `SQLASSIST_SESSION_MISSING`, 500: a query function of a model was called without a session. */
export const SessionMissingError = coded(
  'SessionMissingError', 'SQLASSIST_SESSION_MISSING', 500,
  (helper: string) => `${helper}() needs a session as its first argument, such as request.dbSession.reader, or another EntityManager.`,
)

/** `SQLASSIST_COLUMN_UNKNOWN`, 400: the entity has no column of that property name. */
export const ColumnUnknownError = coded(
  'ColumnUnknownError', 'SQLASSIST_COLUMN_UNKNOWN', 400,
  (entity: string, column: unknown, known: string) =>
    `${entity} has no column ${quoted(column)}. Its columns, by property name: ${known}. Relations and computed properties are none.`,
)

/**
 * `SQLASSIST_COLUMN_UNSUITABLE`, 400: the column exists, and what was asked for cannot be done with it, such as looking for one row by a column that is
 * not unique, or for text in a number.
 */
export const ColumnUnsuitableError = coded(
  'ColumnUnsuitableError', 'SQLASSIST_COLUMN_UNSUITABLE', 400,
  (entity: string, column: string, problem: string) => `The column '${column}' of ${entity} ${problem}.`,
)

/** `SQLASSIST_ARGUMENT_INVALID`, 400: an argument such as `limit` or `offset` is not what it must be. */
export const ArgumentInvalidError = coded(
  'ArgumentInvalidError', 'SQLASSIST_ARGUMENT_INVALID', 400,
  (argument: string, problem: string) => `The argument '${argument}' ${problem}.`,
)

/** `SQLASSIST_MULTIPLE_ROWS`, 500: one row was asked for, and several match when upper and lower case are the same. */
export const MultipleRowsError = coded(
  'MultipleRowsError', 'SQLASSIST_MULTIPLE_ROWS', 500,
  (entity: string, column: string) =>
    `More than one ${entity} matches in the column '${column}'. Pass { allowMany: true } for all of them, ` +
    `or make lower(${column}) unique in the database.`,
)

/** `SQLASSIST_CURSOR_INVALID`, 400: a cursor is not one, or was made for another order. */
export const CursorInvalidError = coded(
  'CursorInvalidError', 'SQLASSIST_CURSOR_INVALID', 400,
  (argument: string, problem: string) => `The cursor '${argument}' ${problem}. Use a startCursor or an endCursor of a page of the same order, unchanged.`,
)

/** `SQLASSIST_OPTIONAL_PEER_MISSING`, 500: what you asked for needs a package that not everybody needs, and that is not installed. */
export const OptionalPeerMissingError = coded(
  'OptionalPeerMissingError', 'SQLASSIST_OPTIONAL_PEER_MISSING', 500,
  (peer: string, why: string) => `The package ${peer} is not installed, and ${why}. Install it in the version of @mikro-orm/core.`,
)

/** `SQLASSIST_TABLE_UNKNOWN`, 500: no table, view or class of that name has been reflected; the message lists those that have. */
export const TableUnknownError = coded(
  'TableUnknownError', 'SQLASSIST_TABLE_UNKNOWN', 500,
  (name: string, known: string) => `No table, view or class '${name}' has been reflected. Reflected are: ${known}.`,
)

/**
 * `SQLASSIST_MIGRATION_FAILED`, 500: the migrations of an engine were to run at start-up, and one of them failed, or another process held the lock for
 * too long.
 */
export const MigrationFailedError = coded(
  'MigrationFailedError', 'SQLASSIST_MIGRATION_FAILED', 500,
  (engine: string, reason: string) => `The migrations of engine '${engine}' have failed at start-up: ${reason}`,
)

/**
 * `SQLASSIST_COMMAND_LINE`, 500: the command line was given something that it cannot work with, such as an option that it does not know or a file that
 * is not there.
 */
export const CommandLineError = coded('CommandLineError', 'SQLASSIST_COMMAND_LINE', 500, (problem: string) => problem)

// ---- guards for development --------------------------------------------------------------------------------------------

const NPlusOne = coded(
  'NPlusOneError', 'SQLASSIST_N_PLUS_ONE', 500,
  ({ engine, text }: LoopOfQueries) =>
    `On engine '${engine}': ${text}. The last of them was not sent, because 'nPlusOne' is 'throw'; a route that means to may say config: { sqlassist: { nPlusOne: 'off' } }.`,
)

/** Queries that look as if a loop sent them. */
export interface LoopOfQueries {
  /** The name of the engine. */
  readonly engine: string
  /** The entity that they read; null where it was not to be found out. */
  readonly entity: string | null
  /** `Group.members`: the relation that they follow; null where none was found. */
  readonly relation: string | null
  /** How many there were, with the one that was not sent. */
  readonly count: number
  /** `file:line:column` in the application; undefined where no `await` leads back there. */
  readonly caller?: string
  /** All of this in words. */
  readonly text: string
}

/** A loop was to send one query more for each of its rounds. */
export class NPlusOneError extends NPlusOne implements Omit<LoopOfQueries, 'text'> {
  readonly engine: string
  readonly entity: string | null
  readonly relation: string | null
  readonly count: number
  readonly caller?: string

  constructor(loop: LoopOfQueries) {
    super(loop)
    this.engine = loop.engine
    this.entity = loop.entity
    this.relation = loop.relation
    this.count = loop.count
    if (loop.caller !== undefined) this.caller = loop.caller
  }
}

// ---- the debug panel --------------------------------------------------------------------------------------------------

/** `SQLASSIST_PLUGIN_MISSING`, 500: the debug panel was registered where there is no `fastify-sqlassist`, or before it. */
export const PluginMissingError = coded(
  'PluginMissingError', 'SQLASSIST_PLUGIN_MISSING', 500,
  () => `fastify-sqlassist/debug was registered in a scope without fastify-sqlassist. Register that first, in the same scope or one around it, and await it.`,
)

/** `SQLASSIST_PANEL_REGISTERED_TWICE`, 500: the debug panel is registered a second time in one scope, or in a scope inside of it. */
export const PanelRegisteredTwiceError = coded(
  'PanelRegisteredTwiceError', 'SQLASSIST_PANEL_REGISTERED_TWICE', 500,
  () => `fastify-sqlassist/debug is registered twice: one panel shows the requests of its scope and of all scopes in it.`,
)

/** `SQLASSIST_PANEL_IN_PRODUCTION`, 500: the debug panel was registered with `NODE_ENV=production`. */
export const PanelInProductionError = coded(
  'PanelInProductionError', 'SQLASSIST_PANEL_IN_PRODUCTION', 500,
  () =>
    `The debug panel shows statements and their values, and NODE_ENV is 'production'. Do not register it there; ` +
    `or say 'allowInProduction: { guard }' with the function that protects it.`,
)

/**
 * `SQLASSIST_PANEL_REFUSED`, 403: a request to the debug panel came from another machine, through a proxy, under another name than that of this machine,
 * or from another site's page.
 */
export const PanelRefusedError = coded(
  'PanelRefusedError', 'SQLASSIST_PANEL_REFUSED', 403,
  (why: string) => `The debug panel does not answer this request: ${why}.`,
)

/** `SQLASSIST_RECORD_UNKNOWN`, 404: the debug panel was asked for a request or a statement that it does not have. */
export const RecordUnknownError = coded(
  'RecordUnknownError', 'SQLASSIST_RECORD_UNKNOWN', 404,
  (what: string) => `The debug panel has no ${/^\d+$/.test(what) ? `request ${what}: it was never there, or others have taken its place` : quoted(what)}.`,
)

/**
 * `SQLASSIST_EXPLAIN_REFUSED`, 403: the debug panel does not ask for the plan of this statement: the option `explain` does not allow it for that engine,
 * the statement has no plan or was cut when it was recorded, or the database did not answer in time.
 */
export const ExplainRefusedError = coded(
  'ExplainRefusedError', 'SQLASSIST_EXPLAIN_REFUSED', 403,
  (why: string) => `The plan of this statement is not asked for: ${why}.`,
)

/**
 * `SQLASSIST_PANEL_UNREACHABLE`, 500: `fastify-sqlassist tail` has found no debug panel at the address that it was given: nobody listens there, the
 * panel is not registered or has another `path`, or it refuses.
 */
export const PanelUnreachableError = coded(
  'PanelUnreachableError', 'SQLASSIST_PANEL_UNREACHABLE', 500,
  (url: string, why: string) => `There is no debug panel to be read at ${url}: ${why}.`,
)

// ---- fastify-sqlassist/testing -----------------------------------------------------------------------------------------

/** `SQLASSIST_TEST_DEADLOCK`, 500: in a test with `rollbackAfterEach()`, a transaction waited for another one that did nothing. */
export const TestDeadlockError = coded(
  'TestDeadlockError', 'SQLASSIST_TEST_DEADLOCK', 500,
  (quietMs: number) =>
    `In a test that is rolled back all connections to a database are one, so a transaction that writes waits for the end of those that were begun after it; the last one has sent nothing for ${quietMs} ms. ` +
    `If one request goes to and fro between both, test it on a database of its own: createTestDatabase().`,
)

/** `SQLASSIST_TEST_NOT_RUNNING`, 500: the application has sent a statement while no test was running, so that nothing would have undone it; it was not sent. */
export const TestNotRunningError = coded(
  'TestNotRunningError', 'SQLASSIST_TEST_NOT_RUNNING', 500,
  () => `No test is running that this statement could be rolled back with, so it was not sent. Wait in the test for all that it has set off; call rollbackAfterEach() before hooks that use the database.`,
)

/** `SQLASSIST_TESTS_AT_ONCE`, 500: with `rollbackAfterEach()`, a test has begun while another one of the same application was running, and is no part of it. */
export const TestsAtOnceError = coded(
  'TestsAtOnceError', 'SQLASSIST_TESTS_AT_ONCE', 500,
  () => `A test has begun while another one of the same application was running: they would see what the other one writes. Let the tests of an application run one after another, or give each an application of its own.`,
)

/** `SQLASSIST_TEST_ENGINE_UNSUPPORTED`, 500: `rollbackAfterEach()` cannot undo what this engine writes. */
export const TestEngineUnsupportedError = coded(
  'TestEngineUnsupportedError', 'SQLASSIST_TEST_ENGINE_UNSUPPORTED', 500,
  (engine: string, why: string) => `What engine '${engine}' writes cannot be rolled back after a test: ${why}.`,
)

/**
 * `SQLASSIST_TEST_REPLAY`, 500: while a transaction was open, another connection, such as that of an `autocommit` engine, has written something outside
 * of it; the transaction was rolled back, and what was written beside it could not be written again, mostly because it refers to a row that was rolled
 * back.
 */
export const TestReplayError = coded(
  'TestReplayError', 'SQLASSIST_TEST_REPLAY', 500,
  (why: string) =>
    `While a transaction was open, another connection has written something outside of it. The transaction was rolled back, and what the other one had written could not be written again: ${why}. ` +
    `It depends on what was rolled back: test this on a database of its own, createTestDatabase().`,
)

/**
 * `SQLASSIST_TEST_SERVER_MISSING`, 500: `createTestDatabase()` has found no PostgreSQL server: `DATABASE_URL` names none, or the one that it names does
 * not answer or lets nobody make a database; or the embedded one did not start.
 */
export const TestServerMissingError = coded(
  'TestServerMissingError', 'SQLASSIST_TEST_SERVER_MISSING', 500,
  (why: string) => `createTestDatabase() has no PostgreSQL server: ${why}.`,
)
