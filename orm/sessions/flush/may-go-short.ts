import { Configuration, DefaultLogger, type EntityManager } from '@mikro-orm/core'
import type { SessionState } from '../state.ts'

/** The part of MikroORM's EntityManagers that is not for everybody. */
interface Innards {
  getTransactionSessionContext?(): unknown
  getAbortOptions?(): unknown
  getLoggerContext(options: object): { readonly enabled?: boolean; readonly debugMode?: unknown } | undefined
}

/** Whether a flush may send a statement past MikroORM's connection: it is in no transaction, and nothing wants to see or to change statements on the way. */
export function mayGoShort(em: EntityManager, { engine, enlisting }: SessionState): boolean {
  if (engine.shortWay === undefined || enlisting?.managed === true || em.isInTransaction() || !passesNobody(em.config)) return false
  const innards = em as unknown as Innards
  if (innards.getTransactionSessionContext?.() !== undefined || innards.getAbortOptions?.() !== undefined) return false
  return !em.config.getLogger().isEnabled('query', innards.getLoggerContext({ disableContextResolution: true }) as never)
}

const passing = new WeakMap<Configuration, boolean>()

/** Whether the options have nothing that is called for each statement or connection. */
function passesNobody(config: Configuration): boolean {
  let answer = passing.get(config)
  if (answer === undefined) passing.set(config, (answer = looksEmpty(config)))
  return answer
}

function looksEmpty(config: Configuration): boolean {
  const { onQuery, onReserveConnection, onCreateConnection, slowQueryThreshold, sessionContext } = config.getAll() as unknown as Record<string, unknown>
  if (onReserveConnection !== undefined || onCreateConnection !== undefined || slowQueryThreshold != null || sessionContext === 'connection') return false
  return onQuery === new Configuration({}, false).get('onQuery') && config.getLogger().constructor === DefaultLogger
}
