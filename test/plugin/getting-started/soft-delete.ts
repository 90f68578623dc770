import { ChangeSetType, type EventSubscriber, type FlushEventArgs } from '@mikro-orm/core'

/** Where an entity has a `deletedAt`, it is set in place of deleting the row. */
export class SoftDelete implements EventSubscriber {
  async onFlush({ uow }: FlushEventArgs): Promise<void> {
    for (const { type, meta, entity } of uow.getChangeSets()) {
      if (type !== ChangeSetType.DELETE || !('deletedAt' in meta.properties)) continue
      ;(entity as { deletedAt?: Date }).deletedAt = new Date()
      uow.computeChangeSet(entity, ChangeSetType.UPDATE)
    }
  }
}
