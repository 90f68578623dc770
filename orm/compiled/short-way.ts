import type { EntityManager, EntityName } from '@mikro-orm/core'
import { bindingOf } from '../sessions/binding.ts'
import type { SessionState, ShortReads } from '../sessions/state.ts'
import type { EntityReader } from './entity-reader.ts'
import { readersOf } from './orm-readers.ts'
import { settingsOf } from '../sessions/class/with-settings.ts'

/** A session's way to an entity, past MikroORM's query builder. */
export interface ShortWay {
  readonly state: SessionState
  readonly reads: ShortReads
  /** The EntityManager that answers: that of the transaction, in one. */
  readonly em: EntityManager
  readonly reader: EntityReader
}

/** What an EntityManager knows of itself, and tells its subclasses. */
interface Protected {
  readonly config: EntityManager['config']
  readonly signal: AbortSignal | undefined
  readonly loggerContext: object | undefined
}

/** Undefined where MikroORM has to do it: because the session, the EntityManager or the entity asks for something that it does beside. */
export function shortWay(session: EntityManager, entity: EntityName): ShortWay | undefined {
  const state = bindingOf(session)?.state
  if (state === undefined || state.closed || state.filters !== undefined) return undefined
  const { reads } = state.engine
  if (reads === undefined) return undefined
  const em = session.getContext()
  const { config, signal, loggerContext } = em as unknown as Protected
  if (signal !== undefined || em.schema !== undefined || em.getSessionContext() !== undefined) return undefined
  const reader = readersOf(em).of(entity, em)
  if (reader === undefined) return undefined
  const { filters, flushMode = config.get('flushMode') } = settingsOf(em)
  // What was changed may have to be written first.
  if (filters === true || flushMode === 'always' || (flushMode !== 'commit' && em.getUnitOfWork(false).shouldAutoFlush(reader.meta))) return undefined
  if (config.getLogger().isEnabled('query', loggerContext) || config.get('slowQueryThreshold') !== undefined) return undefined
  return { state, reads, em, reader }
}
