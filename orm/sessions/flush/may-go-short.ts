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
  if (engine.shortWay === undefined || enlisting?.managed === true || em.isInTransaction() || !passesNobody(em)) return false
  const innards = em as unknown as Innards
  if (innards.getTransactionSessionContext?.() !== undefined || innards.getAbortOptions?.() !== undefined) return false
  return !em.config.getLogger().isEnabled('query', innards.getLoggerContext({ disableContextResolution: true }) as never)
}

const passing = new WeakMap<Configuration, boolean>()

/** Whether nobody but MikroORM's own PostgreSQL driver has a part in how a statement is made, sent and told of. */
function passesNobody(em: EntityManager): boolean {
  const { config } = em
  let answer = passing.get(config)
  if (answer === undefined) passing.set(config, (answer = isOrdinary(config)))
  return answer
}

function isOrdinary(config: Configuration): boolean {
  const { onQuery, onReserveConnection, onCreateConnection, slowQueryThreshold, sessionContext, driver } = config.getAll() as unknown as Record<string, unknown>
  if ((driver as { name?: unknown } | undefined)?.name !== 'PostgreSqlDriver' || onReserveConnection !== undefined || onCreateConnection !== undefined) return false
  if (slowQueryThreshold != null || sessionContext === 'connection' || onQuery !== new Configuration({}, false).get('onQuery')) return false
  const logger = config.getLogger()
  return (logger as DefaultLogger).logQuery === DefaultLogger.prototype.logQuery && logger.isEnabled === DefaultLogger.prototype.isEnabled
}
