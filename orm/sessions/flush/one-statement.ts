import { type ChangeSet, ChangeSetType, type EntityManager, EventType, ReferenceKind, type UnitOfWork } from '@mikro-orm/core'
import { listensToEntity, listensToTransactions } from './listeners.ts'

type AnyChangeSet = ChangeSet<object>

/** The changes that MikroORM can make in one statement, with the hooks around them, and how it is told to put several of them into one. */
const KINDS: Partial<Record<ChangeSetType, readonly [before: EventType, after: EventType, batches?: 'useBatchInserts' | 'useBatchUpdates']>> = {
  [ChangeSetType.CREATE]: [EventType.beforeCreate, EventType.afterCreate, 'useBatchInserts'],
  [ChangeSetType.UPDATE]: [EventType.beforeUpdate, EventType.afterUpdate, 'useBatchUpdates'],
  [ChangeSetType.DELETE]: [EventType.beforeDelete, EventType.afterDelete],
}

/**
 * Whether what a flush has found to do is one statement, and nobody wants to see the transaction around it: then that does nothing which the statement does not do by
 * itself. Asked when MikroORM has computed all changes, just before it would begin.
 */
export function isOneStatement(em: EntityManager, uow: UnitOfWork): boolean {
  if (uow.getCollectionUpdates().length > 0 || uow.getExtraUpdates().size > 0) return false
  const changeSets = uow.getChangeSets() as AnyChangeSet[]
  const first = changeSets[0]
  const kind = first && KINDS[first.type]
  if (kind === undefined || !isPlain(first!) || listensToTransactions(em) || listensToEntity(em, first!.meta, kind[0], kind[1])) return false
  return changeSets.length === 1 || canShare(em, changeSets, kind[2])
}

/** Tables that belong together take a statement each, and a pivot table takes its own. */
function isPlain({ meta, payload }: AnyChangeSet): boolean {
  return meta.inheritanceType !== 'tpt' && !meta.relations.some(({ name, kind }) => kind === ReferenceKind.MANY_TO_MANY && name in payload)
}

function canShare(em: EntityManager, changeSets: readonly AnyChangeSet[], option: 'useBatchInserts' | 'useBatchUpdates' | undefined): boolean {
  const { meta, type, schema } = changeSets[0]!
  if (changeSets.length > em.config.get('batchSize') || (option !== undefined && em.config.get(option) === false)) return false
  if (!changeSets.every((each) => each.meta === meta && each.type === type && each.schema === schema && isPlain(each))) return false
  if (type === ChangeSetType.UPDATE) return !meta.hasOptimisticLock() // that is looked at by a statement of its own
  return type !== ChangeSetType.CREATE || !meta.relations.some(({ targetMeta }) => targetMeta?.root === meta.root) // a row that refers to another one of them is updated later
}
