import { EntitySchema, type MikroORM } from '@mikro-orm/core'
import { OrmWithoutConfigError } from '../errors.ts'
import { guaranteesOf } from './guarantees.ts'
import type { EngineDefinition } from './validate.ts'

/**
 * A MikroORM made without `sqlAssistConfig()` is accepted as it is, where being as it is does no harm: MikroORM's setters on shared
 * entity classes would write wrong data, and a pool made without us may be written to.
 *
 * @throws OrmWithoutConfigError
 */
export function assertOrmsMayBeUsed(definitions: readonly EngineDefinition[]): void {
  for (const { name, orm, readonly } of definitions) {
    if (orm === undefined || guaranteesOf(orm.config.get('driverOptions')) !== undefined) continue
    if (readonly) throw new OrmWithoutConfigError(name, 'only with it can a readonly engine refuse writes in the database')
    const own = new Set(classesOf({ orm }))
    for (const other of definitions) {
      if (other.name === name || other.orm === orm) continue
      const shared = classesOf(other).find((cls) => own.has(cls))
      if (shared !== undefined) throw new OrmWithoutConfigError(name, `it shares the entity class ${(shared as { name: string }).name} with engine '${other.name}'`)
    }
  }
}

function classesOf({ orm, config }: Pick<EngineDefinition, 'orm' | 'config'>): unknown[] {
  if (orm !== undefined) return [...(orm as MikroORM).getMetadata()].map((meta) => meta.class)
  return [...((config?.entities ?? []) as Iterable<unknown>)].map((entity) => (EntitySchema.is(entity) ? entity.meta.class : entity))
}
