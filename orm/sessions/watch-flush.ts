import type { EntityManager } from '@mikro-orm/core'
import { isHeard } from '../events/publish.ts'
import { timed } from '../events/tell.ts'
import type { SessionState } from './state.ts'

/** How many entities the flush that runs on an EntityManager writes. */
const writing = new WeakMap<EntityManager, number>()

/** Called in the middle of a flush, when MikroORM has found out. */
export function noteFlush(em: EntityManager, entities: number): void {
  if (isHeard('sqlassist:flush')) writing.set(em, entities)
}

/** Runs a flush, and tells of it where there was anything to write. */
export async function watchFlush<T>(em: EntityManager, { engine, id, whose }: SessionState, flush: () => Promise<T>): Promise<T> {
  return await timed('sqlassist:flush', whose, flush, (failed) => {
    const entities = writing.get(em) ?? 0
    writing.delete(em)
    return entities === 0 && !failed ? undefined : { engine: engine.name, session: id, entities }
  })
}
