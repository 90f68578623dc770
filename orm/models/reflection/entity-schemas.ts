import { type Constructor, type EntityClass, EntitySchema } from '@mikro-orm/core'
import type { ReflectedEntity, ReflectedProperty } from './reflected.ts'

/** A class that entities may extend; abstract ones too. */
// oxlint-disable-next-line typescript/no-explicit-any -- a mixin's base class must take any arguments
export type BaseClass = (abstract new (...args: any[]) => object) & {
  /** What its entities inherit. */
  readonly prototype: object
}

/** An entity made at run time: what is not known at compile time is unknown. */
export type ReflectedClass<B extends BaseClass> = EntityClass<InstanceType<B> & Record<string, unknown>> & Omit<B, 'prototype'>

/** Makes the classes of entities, and MikroORM's schemas of them. */
export function entitySchemas<B extends BaseClass>(entities: readonly ReflectedEntity[], base: B): Map<string, { readonly class: ReflectedClass<B>; readonly schema: EntitySchema }> {
  const classes = new Map(entities.map((entity) => [entity.className, classOf(entity, base)]))
  return new Map(entities.map((entity) => [entity.className, { class: classes.get(entity.className)!, schema: schemaOf(entity, classes) }]))
}

function classOf<B extends BaseClass>({ className, keptNames }: ReflectedEntity, base: B): ReflectedClass<B> {
  const cls = class extends (base as unknown as Constructor<object>) {
    static readonly checkNames = 'exact'
    static readonly constraintNames = keptNames
  }
  Object.defineProperty(cls, 'name', { value: className })
  return cls as unknown as ReflectedClass<B>
}

function schemaOf(entity: ReflectedEntity, classes: ReadonlyMap<string, unknown>): EntitySchema {
  const { options, indexes, uniques, checks, properties, className } = entity
  return new EntitySchema({
    ...options,
    class: classes.get(className),
    indexes: [...indexes],
    uniques: [...uniques],
    checks: checks.map((check) => ({ ...check })),
    properties: Object.fromEntries(properties.map((property) => [property.name, propertyOf(property, classes)])),
  } as never)
}

/** MikroORM writes into what it is given: everything here is a copy. */
function propertyOf({ kind, options, target, pivot }: ReflectedProperty, classes: ReadonlyMap<string, unknown>): object {
  const copy = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, Array.isArray(value) ? [...(value as unknown[])] : value]))
  if (kind === 'scalar') return copy
  if (kind === 'enum') return { ...copy, enum: true }
  return { ...copy, kind, entity: () => classes.get(target!), ...(pivot === undefined ? {} : { pivotEntity: () => classes.get(pivot) }) }
}
