import type { MikroORM } from '@mikro-orm/core'
import type { EventOwner } from '../events/events.ts'
import type { SqlAssistLogger } from '../logger.ts'

/** The sessions of one request or job, as its guards know them. */
export interface Guarded {
  readonly owner: EventOwner
  readonly logger: SqlAssistLogger
  /** The MikroORM of an engine, for the names of its entities. */
  readonly ormOf: (engine: string) => MikroORM
}

/** What every line of a guard says beside its text. */
export const contextOf = ({ requestId }: EventOwner): { requestId?: string } => (requestId === undefined ? {} : { requestId })
