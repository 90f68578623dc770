import { ChangeSetType, type EntityManager, type EventSubscriber, type FlushEventArgs, helper, type TransactionEventArgs, type UnitOfWork } from '@mikro-orm/core'
import { bindEmbedded, classesAreShared } from '../entities/shared-prototypes.ts'
import { settlesWithin } from '../bounded.ts'
import { adopt } from './adoption.ts'
import { sessionStateOf } from './binding.ts'
import type { SessionState } from './state.ts'
import { noteFlush } from './watch-flush.ts'
import { assertOwn, claim, loadedRelations, stateOfEntity } from './ownership.ts'

/**
 * What a session learns from MikroORM's own events. One instance serves all sessions of all engines: it keeps nothing.
 */
export class SessionSubscriber implements EventSubscriber {
  /** Before MikroORM looks for changes: what was attached to the session's entities since the last flush becomes its own. */
  beforeFlush({ em, uow }: FlushEventArgs): void {
    if (sessionStateOf(em) === undefined || !classesAreShared()) return
    const visited = new Set<object>()
    for (const entity of [...uow.getPersistStack(), ...uow.getIdentityMap()]) bindReachable(entity as object, em, visited)
  }

  /** Before the first statement of a flush: what MikroORM's cascades have reached is adopted or, where another session has it, refused. */
  onFlush({ em, uow }: FlushEventArgs): Promise<void> | undefined {
    const state = sessionStateOf(em)
    if (state === undefined) return undefined
    noteFlush(em, uow.getChangeSets().length)
    for (const entity of uow.getPersistStack()) {
      assertOwn(entity as object, em)
      adopt(entity as object, em)
    }
    for (const { entity } of uow.getChangeSets()) {
      assertOwn(entity, em)
      for (const related of loadedRelations(entity)) assertOwn(related, em)
    }
    for (const collection of uow.getCollectionUpdates()) {
      for (const item of collection.getItems(false)) assertOwn(item, em)
    }
    return state.enlisting?.managed === true ? joinTransaction(em, uow, state) : undefined
  }

  /**
   * A commit waits for the statements that were asked for before it: kysely sends it at once, and them afterwards. From there on COMMIT is on
   * its way, and the end of the request must not undo it.
   */
  async beforeTransactionCommit({ em, transaction }: TransactionEventArgs): Promise<void> {
    const state = sessionStateOf(em)
    if (transaction === undefined || state === undefined) return
    const connection = em.config.getDriver().getConnection('write') as unknown as TransactionConnection
    await settlesWithin(connection.waitForIdleTransaction?.(transaction) ?? Promise.resolve(), COMMIT_WAIT_MS)
    state.assertOpen()
    state.transactions.committing(transaction)
  }
}

/** A flush that has something to write begins the managed transaction, and what it makes is remembered in case it is undone. */
async function joinTransaction(em: EntityManager, uow: UnitOfWork, state: SessionState): Promise<void> {
  if (uow.getChangeSets().length === 0 && uow.getCollectionUpdates().length === 0 && uow.getExtraUpdates().size === 0) return
  await state.enlisting!.enlist(em)
  for (const { type, entity } of uow.getChangeSets()) {
    if (type === ChangeSetType.CREATE && !state.created.has(entity)) state.created.set(entity, helper(entity).hasPrimaryKey())
  }
}

/** The part of MikroORM's SQL connections that knows what a transaction still runs. */
interface TransactionConnection {
  waitForIdleTransaction?(transaction: object): Promise<void>
}

/** How long a commit waits for what was asked for before it, in ms: a stream that nobody reads on would never end. */
const COMMIT_WAIT_MS = 5000

/**
 * Binds the new entities among those that an entity leads to, and the embedded values of all. One whose former session is over is
 * adopted here and not in `onFlush`, because its snapshot may have to be translated before MikroORM compares with it.
 */
function bindReachable(entity: object, em: EntityManager, visited: Set<object>): void {
  if (visited.has(entity)) return
  visited.add(entity)
  assertOwn(entity, em)
  adopt(entity, em)
  if (stateOfEntity(entity).__em === undefined) claim(entity, em)
  else bindEmbedded(entity, em.getMetadata(), em.config)
  for (const related of loadedRelations(entity)) bindReachable(related, em, visited)
}

/** The one subscriber that every engine registers. */
export const sessionSubscriber: SessionSubscriber = new SessionSubscriber()
