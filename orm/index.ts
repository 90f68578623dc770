// The public names of fastify-sqlassist/orm, one by one. All of it works without Fastify.
export { createSqlAssist, SqlAssist } from './sqlassist.ts'
export type { SessionOptions, SqlAssistOptions } from './sqlassist.ts'

export { defineEngines } from './engines/options.ts'
export type { EngineOptions, EnginesInput, SessionForkOptions } from './engines/options.ts'
export { sqlAssistConfig } from './engines/guarantees.ts'
export type { Discovery } from './engines/build-engines.ts'
export type { Engine, EngineStats } from './engines/engine.ts'
export type { PoolStats } from './postgres/pool-guard.ts'

export { DbSessionsContainer } from './sessions/public-container.ts'
export { STATUS } from './sessions/status.ts'
export type { SessionStatus } from './sessions/status.ts'
export type { SessionInfo } from './sessions/info.ts'
export type { ContainerClass, ContainerOptions } from './sessions/container-factory.ts'
export type { WriteMethod } from './sessions/guards.ts'
export type { EnginesOf, ReadonlySession, Session, SessionMembers } from './sessions/types.ts'

export type { SqlAssistLogger } from './logger.ts'
export type { SqlAssistError, SqlAssistErrorClass } from './errors.ts'
export {
  AlreadyRegisteredError,
  AutocommitEngineError,
  DecoratorClashError,
  DefaultEngineError,
  DiscoveryFailedError,
  DisposedError,
  DriverUnsupportedError,
  EngineNameInvalidError,
  EngineUnknownError,
  EntityLoadedTwiceError,
  EntityOfAnotherSessionError,
  EntityUnknownError,
  InvalidOptionsError,
  MikroOrmUnsupportedError,
  OrmConnectedError,
  OrmWithoutConfigError,
  ReadonlyEngineError,
  RequestNotReadyError,
  SessionClosedError,
  SqliteFileSharedError,
  SqliteMemoryError,
  TransactionOpenError,
} from './errors.ts'
