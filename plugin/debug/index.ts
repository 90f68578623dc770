// The public names of fastify-sqlassist/debug, one by one.
export { sqlassistDebug, sqlassistDebug as default } from './plugin.ts'
export type { PanelGuard, SqlAssistDebugOptions } from './options.ts'

// What the panel's JSON says.
export type {
  Caller, ConnectionRecord, Cut, EngineRecord, EngineUse, NPlusOneSuspicion, PanelInfo, RequestDetail, RequestFilter, RequestSummary, RouteRecord, SessionRecord, StatementGroup,
  StatementRecord, TimelineEntry,
} from './types.ts'
