import type { EventSubscriber, FlushEventArgs, TransactionEventArgs } from '@mikro-orm/core'
import { assertOwn, loadedRelations } from './ownership.ts'
import { bindToMetadata } from '../entities/shared-prototypes.ts'
import { sessionStateOf } from './binding.ts'

/**
 * What a session learns from MikroORM's own events. One instance serves all sessions of all engines: it keeps nothing.
 */
export class SessionSubscriber implements EventSubscriber {
  /** Before the first statement of a flush: an entity of another session, reached through a relation, is refused. */
  onFlush(args: FlushEventArgs): void {
    const state = sessionStateOf(args.em)
    if (state === undefined) return
    for (const { entity } of args.uow.getChangeSets()) {
      assertOwn(entity, state)
      bindToMetadata(entity, args.em.getMetadata(), args.em.config)
      for (const related of loadedRelations(entity)) assertOwn(related, state)
    }
    for (const collection of args.uow.getCollectionUpdates()) {
      for (const item of collection.getItems(false)) assertOwn(item, state)
    }
  }

  /** From here on COMMIT is on its way, and the end of the request must not undo it. */
  beforeTransactionCommit(args: TransactionEventArgs): void {
    if (args.transaction !== undefined) sessionStateOf(args.em)?.transactions.committing(args.transaction)
  }
}

/** The one subscriber that every engine registers. */
export const sessionSubscriber: SessionSubscriber = new SessionSubscriber()
