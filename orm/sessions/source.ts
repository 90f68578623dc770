import type { EntityManager } from '@mikro-orm/core'
import type { SqlAssistLogger } from '../logger.ts'
import type { SessionInfo } from './info.ts'
import type { SessionEnd } from './close.ts'
import type { EventOwner } from '../events/events.ts'
import type { SessionState } from './state.ts'

/** Where sessions come from: an engine, seen from a container. */
export interface SessionSource {
  /** The engine whose transaction its sessions read in, while there is one. */
  readonly joins: string | undefined
  open(info: SessionInfo, logger: SqlAssistLogger, owner: EventOwner): EntityManager
  /** @returns undefined where there is nothing to wait for */
  close(em: EntityManager, state: SessionState, end: SessionEnd): Promise<void> | undefined
}

/** All engines of an application, seen from a container. */
export interface SessionSources {
  readonly names: readonly string[]
  has(name: string): boolean
  /** @throws EngineUnknownError */
  get(name: string): SessionSource
}
