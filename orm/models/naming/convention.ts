import { InvalidOptionsError } from '../../errors.ts'
import { isPlainObject } from '../../options-check.ts'

/**
 * One pattern for each kind of constraint: index, unique, check, foreign key, primary key.
 *
 * A pattern is text with placeholders in braces: `{table}` (in every pattern), `{schema}`, `{column0}` (the first column), `{columns}` (all
 * columns, joined with `_`), `{name}` (what the model calls a check, else its column), `{referredTable}` (of a foreign key).
 */
export interface NamingConvention {
  /** Of an index. */
  readonly ix: string
  /** Of a unique constraint. */
  readonly uq: string
  /** Of a check; it must have `{name}`. */
  readonly ck: string
  /** Of a foreign key. */
  readonly fk: string
  /** Of a primary key. */
  readonly pk: string
}

export type ConstraintKind = keyof NamingConvention

/** The names that every engine gives unless it is told otherwise. */
export const NAMING_CONVENTION: NamingConvention = Object.freeze({
  ix: 'ix_{table}_{column0}',
  uq: 'uq_{table}_{column0}',
  ck: 'ck_{table}_{name}',
  fk: 'fk_{table}_{column0}_{referredTable}',
  pk: 'pk_{table}',
})

/** What an option may hold: some patterns of one's own, or false for MikroORM's names. */
export type NamingConventionOption = Partial<NamingConvention> | false

const COMMON = ['table', 'schema'] as const
const PLACEHOLDERS: Readonly<Record<ConstraintKind, readonly string[]>> = {
  ix: [...COMMON, 'column0', 'columns'],
  uq: [...COMMON, 'column0', 'columns'],
  ck: [...COMMON, 'name'],
  fk: [...COMMON, 'column0', 'columns', 'referredTable'],
  pk: [...COMMON, 'column0', 'columns'],
}

/** Every table has several of them, so that without these two constraints could not be told apart. */
const REQUIRED: Readonly<Partial<Record<ConstraintKind, string>>> = { ck: 'name' }

/**
 * Checks an option `namingConvention`.
 *
 * @param where - how errors name it
 * @returns all patterns, the missing ones from {@link NAMING_CONVENTION}; undefined for MikroORM's names
 * @throws InvalidOptionsError
 */
export function completeConvention(where: string, given: unknown): NamingConvention | undefined {
  if (given === false) return undefined
  if (given === undefined) return NAMING_CONVENTION
  if (!isPlainObject(given)) throw new InvalidOptionsError(where, `must be an object of patterns such as { ix: 'ix_{table}_{columns}' }, or false`)
  const patterns: Record<string, string> = { ...NAMING_CONVENTION }
  for (const kind of Reflect.ownKeys(given)) {
    if (typeof kind === 'symbol' || !Object.hasOwn(PLACEHOLDERS, kind)) {
      throw new InvalidOptionsError(`${where}.${String(kind)}`, `is unknown; known are ${Object.keys(PLACEHOLDERS).join(', ')}`)
    }
    const pattern = given[kind]
    if (pattern === undefined) continue
    assertPattern(`${where}.${kind}`, kind as ConstraintKind, pattern)
    patterns[kind] = pattern
  }
  return Object.freeze(patterns) as unknown as NamingConvention
}

function assertPattern(where: string, kind: ConstraintKind, pattern: unknown): asserts pattern is string {
  if (typeof pattern !== 'string') throw new InvalidOptionsError(where, `must be a pattern such as '${NAMING_CONVENTION[kind]}', not ${pattern === null ? 'null' : `a ${typeof pattern}`}`)
  const known = PLACEHOLDERS[kind]
  const used = [...pattern.matchAll(/\{(.*?)\}/gs)].map((match) => match[1]!)
  for (const placeholder of used) {
    if (!known.includes(placeholder)) throw new InvalidOptionsError(where, `has an unknown placeholder {${placeholder}}; known are ${known.map((name) => `{${name}}`).join(', ')}`)
  }
  for (const placeholder of ['table', REQUIRED[kind]]) {
    if (placeholder !== undefined && !used.includes(placeholder)) throw new InvalidOptionsError(where, `lacks {${placeholder}}`)
  }
  // A dot would read as a schema, a quote would end the identifier, and a lone brace is a slip of the pen.
  if (/[^\w$-]/.test(pattern.replace(/\{.*?\}/gs, ''))) throw new InvalidOptionsError(where, 'may hold letters, digits, _, $ and - beside its placeholders')
}
