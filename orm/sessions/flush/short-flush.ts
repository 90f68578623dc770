import { type ChangeSet, ChangeSetComputer, ChangeSetPersister, type EntityManager, type EntityMetadata, type UnitOfWork } from '@mikro-orm/core'
import { adopt } from '../adoption.ts'
import { assertOwn, loadedRelations, stateOfEntity } from '../ownership.ts'
import type { SessionState } from '../state.ts'
import { sessionSubscriber } from '../subscriber.ts'
import { noteFlush } from '../watch-flush.ts'
import { type InsertOptions, shortDriver } from './short-driver.ts'
import { soleNewEntity } from './new-entity.ts'
import { mayGoShort } from './may-go-short.ts'

/** What MikroORM's unit of work does in a flush and does not show. */
interface Work {
  initIdentifier(entity: object): void
  takeCollectionSnapshots(entity: object, visited: Set<object>): void
}

/**
 * Flushes a single new entity of a simple kind: what MikroORM's unit of work would do for it, with its own parts, but for looking at everything else that it might
 * have to do.
 *
 * @returns undefined where there is something else to do, and nothing has been done
 */
export function shortFlush(em: EntityManager, state: SessionState): Promise<void> | undefined {
  if (!mayGoShort(em, state)) return undefined
  const uow = em.getUnitOfWork(false)
  if (uow.getPersistStack().size !== 1) return undefined
  sessionSubscriber.beforeFlush({ em, uow })
  const entity = soleNewEntity(em, uow)
  return entity === undefined ? undefined : insert(entity, em, uow, state)
}

async function insert(entity: object, em: EntityManager, uow: UnitOfWork, state: SessionState): Promise<void> {
  const wrapped = stateOfEntity(entity)
  try {
    if (wrapped.__schema === undefined && em.schema !== undefined) wrapped.__schema = em.schema
    const work = uow as unknown as Work
    work.initIdentifier(entity)
    const changeSet = new ChangeSetComputer(em, new Set()).computeChangeSet(entity) as ChangeSet<object>
    wrapped.__processing = true
    noteFlush(em, 1)
    assertOwn(entity, em)
    adopt(entity, em)
    for (const related of loadedRelations(entity)) assertOwn(related, em)
    const options: InsertOptions = { em, state, meta: changeSet.meta as EntityMetadata }
    await new ChangeSetPersister(new Facade(em) as unknown as EntityManager).executeInserts([changeSet], options as object)
    uow.register(entity, changeSet.payload, { refresh: true })
    work.takeCollectionSnapshots(entity, new Set())
  } finally {
    wrapped.__processing = false
    delete wrapped.__pk
    uow.getPersistStack().delete(entity as never)
    if (uow.getPersistStack().size === 0) uow.clearActionsQueue()
  }
}

/** What MikroORM's persister asks of an EntityManager, with a driver that inserts the short way. */
class Facade {
  readonly config: EntityManager['config']
  readonly _id: unknown
  readonly #em: EntityManager

  constructor(em: EntityManager) {
    this.#em = em
    this.config = em.config
    this._id = em._id
  }

  getDriver(): object {
    return shortDriver(this.config.getDriver())
  }

  getMetadata(): unknown {
    return this.#em.getMetadata()
  }

  getEntityFactory(): unknown {
    return this.#em.getEntityFactory()
  }

  getLoggerContext(options: object): unknown {
    return (this.#em as unknown as { getLoggerContext(options: object): unknown }).getLoggerContext(options)
  }
}
