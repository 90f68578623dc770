import type { EntityMetadata, MikroORM } from '@mikro-orm/core'

/** An entity as MikroORM's accessors see it: its values are kept beside it. */
interface Managed {
  readonly __helper?: { readonly __data: Record<string, unknown> }
}

/** What MikroORM 7.2 puts on the prototype of an entity class for each plain property. Anything else stays as it is. */
const MIKRO_ORMS = `set(val) {
  Object.defineProperty(this, prop.name, {
    get() {
      return this.__helper?.__data[prop.name];
    },
    set(val) {
      this.__helper.__data[prop.name] = val;
    },
    enumerable: true,
    configurable: true,
  });
  this.__helper.__data[prop.name] = val;
}`

const withoutBlanks = (text: string): string => text.replaceAll(/\s+/g, '')
const KNOWN = withoutBlanks(MIKRO_ORMS)

/**
 * Lets all entities of a class share the accessors of their properties. MikroORM makes two functions for each property of each entity: they all do the same, but no
 * two entities have the same shape for V8 then, which makes them slow to fill and slow to read. What the accessors do stays the same.
 */
export function shareAccessors(orm: MikroORM): void {
  for (const meta of orm.getMetadata()) if (meta.prototype !== undefined) shareThoseOf(meta)
}

function shareThoseOf({ prototype, props }: Pick<EntityMetadata, 'prototype' | 'props'>): void {
  for (const { name } of props) {
    const there = Object.getOwnPropertyDescriptor(prototype, name)
    // oxlint-disable-next-line typescript/unbound-method -- only its text is looked at
    if (there?.set === undefined || withoutBlanks(String(there.set)) !== KNOWN) continue
    Object.defineProperty(prototype, name, { set: firstSetter(name), configurable: true })
  }
}

/** Called once for each entity: from then on it has a property of its own. */
function firstSetter(name: string): (this: Managed, value: unknown) => void {
  const own: PropertyDescriptor & ThisType<Managed> = {
    get() {
      return this.__helper?.__data[name]
    },
    set(value: unknown) {
      this.__helper!.__data[name] = value
    },
    enumerable: true,
    configurable: true,
  }
  return function (value) {
    Object.defineProperty(this, name, own)
    this.__helper!.__data[name] = value
  }
}
