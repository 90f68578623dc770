// The public names of fastify-sqlassist/orm, one by one. All of it works without Fastify.
export { createSqlAssist, SqlAssist } from './sqlassist.ts'
export type { SessionOptions, SqlAssistOptions, TokenOptions } from './sqlassist.ts'

export type { SqlCommentOptions } from './comments/options.ts'
export type { RequestOrigin } from './comments/origin.ts'

export { defineEngines } from './engines/options.ts'
export type { EngineOptions, EnginesInput, SessionForkOptions } from './engines/options.ts'
export { sqlAssistConfig } from './engines/guarantees.ts'
export type { ConfigSettings } from './engines/guarantees.ts'
export type { Discovery } from './engines/build-engines.ts'
export type { MigrateOptions } from './engines/migrate-options.ts'
export type { Engine, EngineStats } from './engines/engine.ts'
export type { ReplicaStats } from './engines/replicas.ts'
export type { Consistency } from './routing/consistency.ts'
export type { ServerState } from './routing/server.ts'
export type { TokenSecret } from './routing/token.ts'
export type { EngineHealth, Health } from './engines/check.ts'
export type { BatchOptions } from './engines/batch-options.ts'
export type { EngineLimits, ResetOnRelease } from './engines/limits.ts'
export type { PipelineOptions } from './postgres/pipeline/options.ts'
export type { PreparedStatements } from './postgres/prepared/statement-names.ts'
export type { PoolStats } from './postgres/pool-stats.ts'
export { isRetryable } from './postgres/server-errors.ts'

export { DbSessionsContainer } from './sessions/public-container.ts'
export { STATUS } from './sessions/status.ts'
export type { SessionStatus } from './sessions/status.ts'
export type { SessionInfo } from './sessions/info.ts'
export type { ContainerClass, ContainerOptions } from './sessions/container-factory.ts'
export type { WriteMethod } from './sessions/guards.ts'
export type { ListedManager, NotAnEntityOf, ReadonlyListedManager, ReadonlyRepository } from './sessions/listed.ts'
export type { EnginesOf, ReadonlySession, Session, SessionMembers } from './sessions/types.ts'

export type { AbortHook, TransactionHook, TransactionManager, TransactionMode } from './transactions/manager.ts'
export type { DataManager, DataManagerSavepoint, TransactionInfo } from './transactions/data-manager.ts'
export type { TransactionIsolation, TransactionOptions, TransactionRunOptions } from './transactions/options.ts'
export type { RetryOptions } from './transactions/retry-options.ts'
export type { Savepoint } from './transactions/savepoint.ts'
export type { BrokenTransaction, FoundTransaction, LeftTransaction, RecoveryReport } from './transactions/two-phase/report.ts'

export { DeclaredTable } from './models/declared-table.ts'
export type { ConstraintNames } from './models/declared-table.ts'
export { NAMING_CONVENTION } from './models/naming/convention.ts'
export type { NamingConvention, NamingConventionOption } from './models/naming/convention.ts'

export { UtilityObject, withUtility } from './models/utility-object.ts'
export type { UtilityMethods, UtilityStatics } from './models/utility-object.ts'
export { requestOf, sessionOf } from './models/session-of.ts'
export type { SessionRequest } from './models/session-of.ts'
export type { Column, ColumnValue, TextColumn } from './models/columns.ts'
export { getById } from './models/queries/by-id.ts'
export { getByIds } from './models/queries/by-ids.ts'
export { getByColumnExactThenIlike, getByColumnLower, getByColumnSimilar } from './models/queries/by-column.ts'
export type { ManyRowsOptions, OneRowOptions, RowsOptions, SimilarOptions } from './models/queries/by-column.ts'
export { getRange } from './models/queries/range.ts'
export type { RangeOptions, WhereOptions } from './models/queries/range.ts'
export { getPage } from './models/queries/page.ts'
export type { Page, PageOptions } from './models/queries/page.ts'
export type { SortDirection } from './models/queries/order.ts'
export { columnsAsObject, loadedColumnsAsList, loadedColumnsAsObject } from './models/queries/entity-columns.ts'
export type { EntityColumns } from './models/queries/entity-columns.ts'

export { cliConfigs } from './cli/cli-configs.ts'
export { reflectTables } from './models/reflection/reflect-tables.ts'
export type { ReflectedTables, ReflectOptions } from './models/reflection/reflect-tables.ts'
export type { BaseClass, ReflectedClass } from './models/reflection/entity-schemas.ts'
export type { Reflectable, ReflectionFilter, SchemaGeneratorSettings } from './models/reflection/filter.ts'

export { onSqlAssistEvent, SQLASSIST_EVENTS } from './events/publish.ts'
export type { SqlAssistEventName } from './events/publish.ts'
export type {
  CancelEvent,
  ContainerCloseEvent,
  ContainerOpenEvent,
  EngineEvent,
  EventBase,
  EventOwner,
  FlushEvent,
  LeakEvent,
  PoolCheckoutEvent,
  PoolReleaseEvent,
  QueryEvent,
  QueryKind,
  QueryStartEvent,
  RecoveryEvent,
  SessionCloseEvent,
  SessionOpenEvent,
  SessionRouteEvent,
  SqlAssistEvents,
  TimedEvent,
  TransactionAbortEvent,
  TransactionBeginEvent,
  TransactionCommitEvent,
  TransactionHookEvent,
  TransactionPrepareEvent,
  TransactionSavepointEvent,
} from './events/events.ts'
export type { SqlAssistLogger } from './logger.ts'
export type { GuardOptions, NPlusOneMode } from './guards/options.ts'
export type { CommitOutcomes, LoopOfQueries, SqlAssistError, SqlAssistErrorClass } from './errors.ts'
export {
  AlreadyRegisteredError,
  ArgumentInvalidError,
  AutocommitEngineError,
  CheckoutTimeoutError,
  ColumnUnknownError,
  ColumnUnsuitableError,
  CommandLineError,
  CommitOutcomeUnknownError,
  ConnectionLostError,
  CursorInvalidError,
  DataManagerInvalidError,
  DatabaseReadonlyError,
  DatabaseUnavailableError,
  DecoratorClashError,
  DefaultEngineError,
  DuplicatePackageError,
  DiscoveryFailedError,
  DisposedError,
  DoomedTransactionError,
  DriverUnsupportedError,
  EngineNameInvalidError,
  EngineUnknownError,
  EntityLoadedTwiceError,
  EntityOfAnotherSessionError,
  EntityUnknownError,
  ExplainRefusedError,
  HookTimeoutError,
  InvalidOptionsError,
  JoinedStreamError,
  MigrationFailedError,
  MikroOrmUnsupportedError,
  MultipleRowsError,
  NPlusOneError,
  OptionalPeerMissingError,
  OrmConnectedError,
  OrmWithoutConfigError,
  PanelInProductionError,
  PanelRefusedError,
  PanelRegisteredTwiceError,
  PanelUnreachableError,
  PartialCommitError,
  PluginMissingError,
  PoolDeadlockError,
  PoolQueueFullError,
  PrepareFailedError,
  ReadonlyEngineError,
  RecordUnknownError,
  ReinitUnsupportedError,
  ReplicaForeignError,
  ReplicasBehindError,
  RequestNotReadyError,
  SavepointInvalidError,
  SavepointUnsupportedError,
  SessionClosedError,
  SessionMissingError,
  SqliteFileSharedError,
  SqliteMemoryError,
  StatementTimeoutError,
  StreamOpenError,
  TableNameTooLongError,
  TableUnknownError,
  TestDeadlockError,
  TestEngineUnsupportedError,
  TestNotRunningError,
  TestReplayError,
  TestServerMissingError,
  TestsAtOnceError,
  TransactionActiveError,
  TransactionEndingError,
  TransactionManagedError,
  TransactionNotActiveError,
  TransactionOpenError,
  TransactionRecoveredError,
  TransactionRolledBackError,
  TwoPrimariesError,
  TwoPhaseImpossibleError,
} from './errors.ts'
