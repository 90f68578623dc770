import type { EngineEvent, EventOwner } from './events.ts'

/** A session, as events tell of it. */
export interface EventSession {
  readonly id: number
  readonly whose: EventOwner | undefined
}

/** What an event of an engine says of where it comes from. */
export const engineEvent = (engine: string, session: EventSession | undefined, at: number): EngineEvent => ({
  at,
  owner: session?.whose,
  requestId: session?.whose?.requestId,
  engine,
  session: session?.id,
})
