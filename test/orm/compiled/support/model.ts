// Entities that nobody has thought of: a key, some columns, relations, all at random.
import { defineEntity, p, Type } from '@mikro-orm/core'
import type { Random } from '../../../soak/random.ts'
import { Backwards } from '../../../support/backwards.ts'

/** Text that only SQL makes something of. */
class Loud extends Type<string | null, string | null> {
  override convertToJSValueSQL(key: string): string {
    return `upper(${key})`
  }

  override getColumnType(): string {
    return 'text'
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- a property builder of any type
type Property = any

interface Kind {
  readonly property: () => Property
  readonly value: (random: Random, n: number) => unknown
  /** Whether a value of it can be a key that is read the short way. */
  readonly short?: boolean
}

const WORDS = ['Ada', "O'Brien", 'naïve', '漢字', '', '100 %', '$1', '?', '"quoted"', String.raw`back\slash`, '🙂']
const word = (random: Random): string => random.of(WORDS)
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/**
 * Columns that can be a key, or unique.
 *
 * @param above - what a bigint is greater than
 */
const keysAbove = (above: bigint): Readonly<Record<string, Kind>> => ({
  integer: { property: () => p.integer(), value: (_, n) => n, short: true },
  smallint: { property: () => p.smallint(), value: (_, n) => n, short: true },
  bigint: { property: () => p.bigint(), value: (_, n) => above + BigInt(n), short: true },
  bigintText: { property: () => p.bigint('string'), value: (_, n) => String(above + BigInt(n)), short: true },
  bigintNumber: { property: () => p.bigint('number'), value: (_, n) => n, short: true },
  uuid: { property: () => p.uuid(), value: (_, n) => uuid(n), short: true },
  string: { property: () => p.string(), value: (random, n) => `${word(random)} ${n}`, short: true },
  text: { property: () => p.text(), value: (random, n) => `${word(random)} ${n}`, short: true },
  enum: { property: () => p.enum(['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8']), value: (_, n) => `k${n}`, short: true },
  own: { property: () => p.type(Backwards), value: (_, n) => `own ${n}` },
  day: { property: () => p.date(), value: (_, n) => `2024-01-0${n}` },
  decimal: { property: () => p.decimal(), value: (_, n) => String(n) },
})

const columnsAbove = (above: bigint): Readonly<Record<string, Kind>> => ({
  ...keysAbove(above),
  double: { property: () => p.double(), value: (random) => random.next() * 1000 },
  boolean: { property: () => p.boolean(), value: (random) => random.chance(0.5) },
  datetime: { property: () => p.datetime(), value: (random) => new Date(1_700_000_000_000 + random.below(1e9)) },
  time: { property: () => p.time(), value: (random) => `0${random.below(9)}:30:00` },
  json: { property: () => p.json(), value: (random) => random.of([{ a: 1, b: [word(random)] }, [1, 'two', null], { nested: { deep: word(random) } }, 'text', 7]) },
  strings: { property: () => p.array(), value: (random) => ['a', random.of(WORDS.slice(0, 4)), 'c,d'] },
  integers: { property: () => p.array((text: string) => Number(text)).columnType('int[]'), value: (random) => [1, random.below(9)] },
  blob: { property: () => p.blob(), value: (random) => Buffer.from([random.below(256), 0, 255]) },
  lazy: { property: () => p.text().lazy(), value: word },
  lazyRef: { property: () => p.text().lazy().ref(), value: word },
  hidden: { property: () => p.string().hidden(), value: word },
  renamed: { property: () => p.string().fieldName('other name'), value: word },
  serialized: { property: () => p.string().serializer((value: unknown) => `<${String(value)}>`), value: word },
  loud: { property: () => p.type(Loud), value: word },
  version: { property: () => p.integer().version(), value: () => undefined },
})

/** One entity of a model, with what is needed to use it. */
export interface Model {
  readonly Item: new () => object
  readonly entities: readonly (new () => object)[]
  readonly words: string
  readonly primary: readonly string[]
  readonly unique: string
  /** Whether its rows are read the short way, by the primary and by the unique key. */
  readonly short: { readonly primary: boolean; readonly unique: boolean }
  readonly columns: readonly string[]
  key(n: number): Record<string, unknown>
  uniqueValue(n: number): unknown
  row(random: Random, n: number): Record<string, unknown>
  value(random: Random, column: string, n: number): unknown
}

/** @param above - what a bigint is greater than: SQLite's drivers read as numbers what they are given as one */
export function makeModel(random: Random, seed: number, above: bigint): Model {
  const [KEYS, COLUMNS] = [keysAbove(above), columnsAbove(above)]
  const keyKind = random.of(['integer', 'integer', ...Object.keys(KEYS).filter((name) => name !== 'decimal'), 'composite', 'composite'])
  const uniqueKind = random.of(Object.keys(KEYS))
  const columns = Object.keys(COLUMNS).filter(() => random.chance(0.3))
  const obstacle = random.of(['none', 'none', 'none', 'eager', 'inverse', 'filter', 'formula', 'filtered target'])
  const embedded = random.of(['none', 'inline', 'object'])

  const Part = embeddable(seed)
  const shelf = defineEntity({
    name: `Shelf${seed}`, tableName: `shelf_${seed}`,
    properties: { id: p.integer().primary(), name: p.string() },
    filters: obstacle === 'filtered target' ? { named: { name: 'named', cond: { name: { $ne: 'nobody' } }, default: true } } : {},
  })
  const Shelf = class extends shelf.class {}
  shelf.setClass(Shelf)
  const item: Property = defineEntity({
    name: `Item${seed}`, tableName: `item_${seed}`,
    filters: obstacle === 'filter' ? { all: { name: 'all', cond: { unique: { $ne: null } }, default: true } } : {},
    properties: (): Record<string, Property> => ({
      ...(keyKind === 'composite' ? { left: p.integer().primary(), right: p.string().primary() } : { id: KEYS[keyKind]!.property().primary().autoincrement?.(false) ?? KEYS[keyKind]!.property().primary() }),
      unique: KEYS[uniqueKind]!.property().unique(),
      ...Object.fromEntries(columns.map((name) => [`c_${name}`, name === 'version' ? COLUMNS[name]!.property() : COLUMNS[name]!.property().nullable()])),
      shelf: obstacle === 'eager' ? p.manyToOne(Shelf).nullable().eager() : p.manyToOne(Shelf).nullable(),
      sibling: () => p.manyToOne(Item).nullable(),
      ...(embedded === 'none' ? {} : { part: embedded === 'object' ? p.embedded(Part).object().nullable() : p.embedded(Part).nullable() }),
      ...(obstacle === 'formula' ? { sum: p.integer().formula('40 + 2').persist(false) } : {}),
      ...(obstacle === 'inverse' ? { label: () => p.oneToOne(Label).mappedBy('item').nullable() } : {}),
    }),
  })
  const Item = class extends item.class {}
  item.setClass(Item)
  const label: Property = defineEntity({
    name: `Label${seed}`, tableName: `label_${seed}`,
    properties: (): Record<string, Property> => ({ id: p.integer().primary(), item: () => p.oneToOne(Item).owner().nullable() }),
  })
  const Label = class extends label.class {}
  label.setClass(Label)

  const plain = !['eager', 'inverse', 'filter', 'filtered target'].includes(obstacle)
  const key = (n: number): Record<string, unknown> => (keyKind === 'composite' ? { left: n, right: `r${n}` } : { id: KEYS[keyKind]!.value(fixed, n) })
  const value = (r: Random, column: string, n: number): unknown => (r.chance(0.25) && column !== 'unique' ? null : COLUMNS[column]!.value(r, n))
  return {
    Item,
    entities: [Item, Shelf, Part, Label] as never,
    words: `key ${keyKind}, unique ${uniqueKind}, ${obstacle}, embedded ${embedded}, columns ${columns.join(' ') || 'none'}`,
    primary: keyKind === 'composite' ? ['left', 'right'] : ['id'],
    unique: uniqueKind,
    short: { primary: plain && (keyKind === 'composite' || KEYS[keyKind]!.short === true), unique: plain && KEYS[uniqueKind]!.short === true },
    columns: columns.filter((name) => name !== 'version'),
    key,
    uniqueValue: (n) => KEYS[uniqueKind]!.value(fixed, n),
    row: (r, n) => ({
      ...key(n),
      unique: KEYS[uniqueKind]!.value(fixed, n),
      ...Object.fromEntries(columns.filter((name) => name !== 'version').map((name) => [`c_${name}`, value(r, name, n)])),
      shelf: r.chance(0.7) ? 1 + r.below(2) : null,
      ...(embedded === 'none' || r.chance(0.3) ? {} : { part: { name: word(r), size: r.below(10) } }),
    }),
    value,
  }
}

/** The same for the same row, whenever it is asked. */
const fixed = { of: <T>(items: readonly T[]): T => items[1]!, next: () => 0.5, below: () => 1, chance: () => false } as unknown as Random

function embeddable(seed: number): Property {
  const part = defineEntity({ embeddable: true, name: `Part${seed}`, properties: { name: p.string().nullable(), size: p.integer().nullable() } } as never) as Property
  const Part = class extends part.class {}
  part.setClass(Part)
  return Part
}
