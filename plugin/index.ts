// The public names of fastify-sqlassist, one by one.
export { sqlassist, sqlassist as default } from './plugin.ts'
export type { SqlAssistPluginOptions } from './options.ts'
export type { ClientTokenOptions } from './client-token.ts'
export type { SqlAssistRouteOptions } from './route-options.ts'
export type { CommitVeto } from './commit-veto.ts'
export type { RequestTransactionOptions } from './transaction-settings.ts'
export type { SqlAssistEngines } from './types.ts'

// What an application needs beside the plugin, so that most files import from one place.
export { createSqlAssist, DbSessionsContainer, DeclaredTable, defineEngines, NAMING_CONVENTION, requestOf, sessionOf, sqlAssistConfig, STATUS, UtilityObject } from '../orm/index.ts'
export type { EngineOptions, EnginesOf, NamingConvention, ReadonlySession, Session, SessionInfo, SessionStatus, SqlAssist, WriteMethod } from '../orm/index.ts'
