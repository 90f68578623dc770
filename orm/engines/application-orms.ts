import { EntitySchema, type MikroORM } from '@mikro-orm/core'
import { assertSameCopy } from '../copies.ts'
import { InvalidOptionsError, OrmConnectedError, OrmWithoutConfigError } from '../errors.ts'
import { assertReadonlyPossible } from './config-check.ts'
import { type Guarantees, guaranteesOf } from './guarantees.ts'
import type { EngineDefinition } from './definition.ts'

/**
 * Checks the MikroORM instances that the application has made, and whether each readonly engine can be.
 *
 * @throws OrmWithoutConfigError, OrmConnectedError, InvalidOptionsError, DriverUnsupportedError
 */
export function assertOrmsMayBeUsed(definitions: readonly EngineDefinition[]): void {
  for (const definition of definitions) {
    const { name, orm, config, readonly } = definition
    if (orm === undefined) {
      if (readonly) assertReadonlyPossible(name, config ?? {})
      continue
    }
    const driverOptions: unknown = orm.config.get('driverOptions')
    assertSameCopy(`Option 'engines.${name}.orm'`, driverOptions)
    const guarantees = guaranteesOf(driverOptions)
    if (guarantees !== undefined) assertRightsAgree(definition, guarantees, definitions)
    else if (readonly) throw new OrmWithoutConfigError(name, 'only with it can a readonly engine refuse writes in the database')
  }
  assertNoClassShared(definitions)
}

/** One MikroORM has one set of connections: either all of them may write, or none. */
function assertRightsAgree({ name, orm, readonly }: EngineDefinition, guarantees: Guarantees, definitions: readonly EngineDefinition[]): void {
  if (!readonly && guarantees.readonly) throw new InvalidOptionsError(`engines.${name}.orm`, `was made readonly: register the engine with 'readonly: true'`)
  if (!readonly || guarantees.readonly) return
  if (guarantees.writable || definitions.some((other) => other.orm === orm && !other.readonly)) {
    throw new InvalidOptionsError(`engines.${name}.orm`, 'is the MikroORM of a writable engine too: a readonly engine needs one of its own')
  }
  if (guarantees.connected) throw new OrmConnectedError(name)
}

/**
 * A MikroORM made without `sqlAssistConfig()` is accepted as it is, where being as it is does no harm: MikroORM's setters on shared
 * entity classes would write wrong data.
 *
 * @param engines - before discovery with the classes that their options list, after it with all that were found
 * @throws OrmWithoutConfigError
 */
export function assertNoClassShared(engines: readonly Pick<EngineDefinition, 'name' | 'orm' | 'config'>[]): void {
  for (const { name, orm } of engines) {
    if (orm === undefined || guaranteesOf(orm.config.get('driverOptions')) !== undefined) continue
    const own = new Set(classesOf({ orm }))
    for (const other of engines) {
      if (other.name === name || other.orm === orm) continue
      const shared = classesOf(other).find((cls) => own.has(cls))
      if (shared !== undefined) throw new OrmWithoutConfigError(name, `it shares the entity class ${(shared as { name: string }).name} with engine '${other.name}'`)
    }
  }
}

/** Without abstract base classes: what MikroORM writes on them is hidden by what it writes on the entities. */
function classesOf({ orm, config }: Pick<EngineDefinition, 'orm' | 'config'>): unknown[] {
  if (orm !== undefined) return [...(orm as MikroORM).getMetadata()].filter((meta) => meta.abstract !== true).map((meta) => meta.class)
  return [...((config?.entities ?? []) as Iterable<unknown>)].map((entity) => (EntitySchema.is(entity) ? entity.meta.class : entity))
}
