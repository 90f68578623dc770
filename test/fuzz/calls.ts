// One random call of a helper, and what must come of it.
import type { EntityManager } from '@mikro-orm/core'
import type { Random } from '../soak/random.ts'
import { type ColumnName, type Oracle, Person, type Row, type TextColumnName, uglyText } from './people.ts'

export interface Call {
  /** Calls of one shape differ in values only: their statements must not differ at all. */
  readonly shape: string
  /** The arguments, for the report of a failure. */
  readonly given: readonly unknown[]
  run(em: EntityManager): Promise<unknown>
  /** The ids of the rows that must come, in order; or the code of the error that must. */
  readonly expected: readonly number[] | string
}

/** The statics without their types: the point of all this is what the types do not let through. */
type Helper = (em: EntityManager, ...args: unknown[]) => Promise<unknown>
const helpers = Person as unknown as Record<string, Helper>

const INVALID = 'SQLASSIST_ARGUMENT_INVALID'
const UNKNOWN = 'SQLASSIST_COLUMN_UNKNOWN'
const UNSUITABLE = 'SQLASSIST_COLUMN_UNSUITABLE'

const STRANGE: readonly unknown[] = [
  null, {}, { $ne: 0 }, { $ne: '' }, { $gt: '' }, { $like: '%' }, { $in: [1] }, { $or: [] }, [], [1], ['a'], [[]], Number.NaN, Infinity, -Infinity, 0.5, 2 ** 53, -(2 ** 60), 1e300, true, false,
  Symbol('s'), new Date(0), new Date(Number.NaN), /x/, () => 1, new Map(), new String('x'), new Number(1), Object.create(null), { toString: () => '1' }, { valueOf: () => 1 }, 10n,
]
const NO_COLUMNS: readonly unknown[] = [
  '$or', '$and', '$not', '$ne', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '', ' id', 'ID', 'p0.id', 'people.id', 'id"', "id'", 'id`', 'id; --', '1', '*', 'lower(name)', 'length', null, 0, {}, [], Symbol('id'),
]
const BROKEN = ['\0', '\ud800', '\udfff']

const TEXT_COLUMNS = ['code', 'name', 'note'] as const
const COLUMNS = [...TEXT_COLUMNS, 'id', 'rank'] as const

/** Everything that a call is made of. */
export class Calls {
  readonly #random: Random
  readonly #oracle: Oracle
  readonly #integersEnd: number

  constructor(random: Random, oracle: Oracle, integersEnd: number) {
    this.#random = random
    this.#oracle = oracle
    this.#integersEnd = integersEnd
  }

  next(): Call {
    const make = this.#random.of([this.#byId, this.#byIds, this.#lower, this.#lower, this.#similar, this.#similar, this.#exactThenIlike, this.#range, this.#range, this.#page])
    return make.call(this)
  }

  // ---- values -------------------------------------------------------------------------------------------------------

  #text(): unknown {
    const random = this.#random
    if (random.chance(0.08)) return random.of(STRANGE)
    const own = random.of(this.#oracle.rows)
    let text = random.chance(0.5) ? uglyText(random) : (own[random.of(TEXT_COLUMNS)] ?? '')
    const characters = Array.from(text)
    if (random.chance(0.5)) text = characters.slice(random.below(3), characters.length - random.below(2)).join('')
    text = random.of([text, text.toUpperCase(), text.toLowerCase()])
    if (random.chance(0.1)) text = characters.map((character) => random.of(['_', '%', character])).join('')
    if (random.chance(0.03)) text += random.of(BROKEN)
    if (random.chance(0.005)) text = text.padEnd(10_050, 'x')
    return text
  }

  #id(): unknown {
    const random = this.#random
    if (random.chance(0.1)) return random.of([...STRANGE, '1', '', uglyText(random)])
    if (random.chance(0.05)) return random.of([0, -0, this.#integersEnd, this.#integersEnd - 1, -this.#integersEnd, -this.#integersEnd - 1])
    return random.chance(0.7) ? random.of(this.#oracle.rows).id : random.below(500) - 200
  }

  #count(): unknown {
    const random = this.#random
    return random.chance(0.05) ? random.of([...STRANGE, -1, '1', '0', '']) : random.chance(0.1) ? random.of([0, Number.MAX_SAFE_INTEGER]) : random.below(70)
  }

  #column(good: readonly unknown[]): unknown {
    return this.#random.chance(0.05) ? this.#random.of(NO_COLUMNS) : this.#random.of(good)
  }

  // ---- what must come of them -----------------------------------------------------------------------------------

  #isId = (id: unknown): id is number => typeof id === 'number' && Number.isSafeInteger(id) && id >= -this.#integersEnd && id < this.#integersEnd

  #found(predicate: (row: Row) => boolean): number[] {
    return this.#oracle.rows.filter(predicate).map(({ id }) => id)
  }

  #equalsLower = (column: TextColumnName, search: string): number[] => {
    const wanted = this.#oracle.lower(search)
    return this.#found((row) => row[column] != null && this.#oracle.lower(row[column]) === wanted)
  }

  #rows(): { rows: Record<string, unknown>; bad: boolean; cut(ids: number[]): number[] } {
    const rows: Record<string, unknown> = {}
    for (const option of ['offset', 'limit']) if (this.#random.chance(0.3)) rows[option] = this.#count()
    const { offset = 0, limit } = rows as { offset?: number; limit?: number }
    const cut = (ids: number[]): number[] => ids.slice(offset, limit === undefined ? undefined : offset + limit)
    return { rows, bad: !Object.values(rows).every(isCount), cut }
  }

  // ---- one per helper ---------------------------------------------------------------------------------------------

  #byId(): Call {
    const column = this.#random.chance(0.4) ? undefined : this.#column(['id', 'code', 'code', 'name', 'rank'])
    const id = column === 'code' ? this.#text() : this.#id()
    const expected =
      column === 'name' || column === 'rank' ? UNSUITABLE
      : column === 'code' ? (isText(id) ? this.#found(({ code }) => code === id) : INVALID)
      : column !== undefined && column !== 'id' ? UNKNOWN
      : this.#isId(id) ? this.#found((row) => row.id === id)
      : INVALID
    return call('getById', column === undefined ? [id] : [id, column], expected, [column])
  }

  #byIds(): Call {
    const byCode = this.#random.chance(0.4)
    const ids = Array.from({ length: this.#random.below(8) }, () => (byCode ? this.#text() : this.#id()))
    const good = ids.every((id) => (byCode ? isText(id) : this.#isId(id)))
    const expected = good ? [...new Set(ids)].flatMap((id) => this.#found((row) => (byCode ? row.code === id : row.id === id))) : INVALID
    const distinct = new Set(ids).size
    return call('getByIds', byCode ? [ids, 'code'] : [ids], expected, [byCode, Math.min(distinct, 2)])
  }

  #lower(): Call {
    const column = this.#column(TEXT_COLUMNS)
    const search = this.#text()
    const many = this.#random.chance(0.6)
    const { rows, bad, cut } = this.#rows()
    const options = many ? { allowMany: true, ...rows } : this.#random.chance(0.1) ? rows : {}
    const wrong = bad && Object.keys(options).length > (many ? 1 : 0)
    const oneOnly = !many && Object.keys(options).length > 0
    const expected = this.#refusedText(column, search) ?? (wrong || oneOnly ? INVALID : undefined) ?? this.#lowerFound(column as TextColumnName, search as string, many, cut)
    return call('getByColumnLower', [column, search, options], expected, [column, many, ...present(rows)])
  }

  #lowerFound(column: TextColumnName, search: string, many: boolean, cut: (ids: number[]) => number[]): number[] | string {
    const ids = this.#equalsLower(column, search)
    if (many) return cut(ids)
    return ids.length > 1 ? 'SQLASSIST_MULTIPLE_ROWS' : ids
  }

  #similar(): Call {
    const column = this.#column(TEXT_COLUMNS)
    const seed = this.#text()
    const prefixOnly = this.#random.of([undefined, true, false])
    const { rows, bad, cut } = this.#rows()
    const long = typeof seed === 'string' && seed.length > 10_000
    const expected = this.#refusedText(column, seed) ?? (bad || long ? INVALID : undefined) ?? cut(this.#similarFound(column as TextColumnName, seed as string, prefixOnly ?? true))
    return call('getByColumnSimilar', [column, seed, { ...rows, ...(prefixOnly === undefined ? {} : { prefixOnly }) }], expected, [column, prefixOnly ?? true, ...present(rows)])
  }

  #similarFound(column: TextColumnName, seed: string, prefixOnly: boolean): number[] {
    const wanted = this.#oracle.lower(seed)
    return this.#found((row) => {
      if (row[column] == null) return false
      const text = this.#oracle.lower(row[column])
      return prefixOnly ? text.startsWith(wanted) : text.includes(wanted)
    })
  }

  #exactThenIlike(): Call {
    const column = this.#column(TEXT_COLUMNS)
    const seed = this.#text()
    const name = column as TextColumnName
    const expected = this.#refusedText(column, seed) ?? [...this.#found((row) => row[name] === seed), ...this.#equalsLower(name, seed as string)].slice(0, 1)
    return call('getByColumnExactThenIlike', [column, seed], expected, [column])
  }

  #range(): Call {
    const random = this.#random
    const { order, direction, columns, badColumn, badDirection } = this.#order()
    const { rows, bad, cut } = this.#rows()
    const condition = this.#condition()
    const caseSensitive = random.chance(0.6)
    const options = { ...rows, ...order, ...condition.options, ...(caseSensitive ? {} : { orderCaseSensitive: false }) }
    const matching = this.#oracle.rows.filter(condition.holds)
    const expected = bad || badDirection ? INVALID : badColumn ? UNKNOWN : cut(this.#oracle.sorted(matching, columns, direction, caseSensitive).map(({ id }) => id))
    return call('getRange', [options], expected, [columns.join(), direction, 'orderCol' in order, caseSensitive, condition.kind, ...present(rows)])
  }

  #page(): Call {
    const random = this.#random
    const { order, direction, columns, badColumn, badDirection } = this.#order()
    const condition = this.#condition()
    const first = random.chance(0.9) ? 1 + random.below(9) : this.#count()
    const options = { ...order, ...condition.options, first }
    const expectError = !isCount(first) || first === 0 || badDirection ? INVALID : badColumn ? UNKNOWN : undefined
    const sorted = this.#oracle.sorted(this.#oracle.rows.filter(condition.holds), columns, direction, true).map(({ id }) => id)
    const steps = random.below(4)
    const forged = random.chance(0.1) ? random.of([uglyText(random), 'W10', Buffer.from(uglyText(random)).toString('base64url'), ...STRANGE]) : undefined
    const cursorRefused = forged !== undefined && expectError === undefined
    return {
      shape: '', // a page has the shape of the nulls in its place, which only the cursor knows: see `shapeOfPage`
      given: ['getPage', options, steps, forged],
      expected: expectError ?? (cursorRefused ? 'SQLASSIST_CURSOR_INVALID' : sorted.slice(0, (steps + 1) * (first as number))),
      run: async (em) => {
        if (forged !== undefined) return await helpers['getPage']!(em, { ...options, after: forged })
        return await walk(em, options, steps)
      },
    }
  }

  #order(): { order: Record<string, unknown>; columns: ColumnName[]; direction: 'asc' | 'desc'; badColumn: boolean; badDirection: boolean } {
    const random = this.#random
    const order: Record<string, unknown> = {}
    let columns: ColumnName[] = []
    let badColumn = false
    if (random.chance(0.7)) {
      const several = Array.from({ length: 1 + random.below(3) }, () => this.#column(COLUMNS))
      badColumn = several.some((column) => !COLUMNS.includes(column as ColumnName))
      order['orderCol'] = several.length === 1 && !Array.isArray(several[0]) ? several[0] : several
      columns = several as ColumnName[]
    }
    let badDirection = false
    let direction: 'asc' | 'desc' = 'asc'
    if (random.chance(0.6)) {
      badDirection = random.chance(0.05)
      direction = random.of(['asc', 'desc'])
      order['sortDirection'] = badDirection ? random.of([...STRANGE, 'ASC', 'asc;', uglyText(random)]) : direction
    }
    return { order, columns: badColumn ? [] : columns, direction, badColumn, badDirection }
  }

  /** Conditions are the developer's; the values in them are anybody's. */
  #condition(): { kind: string; options: object; holds(row: Row): boolean } {
    const random = this.#random
    const text = uglyText(random)
    const rank = random.below(9) - 4
    return random.of<{ kind: string; options: object; holds(row: Row): boolean }>([
      { kind: 'none', options: {}, holds: () => true },
      { kind: 'equal', options: { where: { name: text } }, holds: ({ name }) => name === text },
      { kind: 'not', options: { where: { note: { $ne: text } } }, holds: ({ note }) => note != null && note !== text },
      { kind: 'rank', options: { filters: [{ rank: { $gte: rank } }] }, holds: (row) => row.rank != null && row.rank >= rank },
      { kind: 'both', options: { where: { $or: [{ rank: null }, { rank: { $lt: rank } }] }, filters: [{ code: { $ne: text } }] }, holds: (row) => (row.rank == null || row.rank < rank) && row.code !== text },
    ])
  }

  #refusedText(column: unknown, text: unknown): string | undefined {
    if (!TEXT_COLUMNS.includes(column as TextColumnName)) return UNKNOWN
    return isText(text) ? undefined : INVALID
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0') && value.isWellFormed()
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** Which parts a statement has for them: an offset of 0 is none, and a limit of 0 needs no statement. */
const present = ({ offset, limit }: Record<string, unknown>): unknown[] => [Boolean(offset), limit !== undefined || Boolean(offset), limit === 0]

function call(helper: string, args: readonly unknown[], expected: readonly number[] | string, shape: readonly unknown[]): Call {
  return { shape: JSON.stringify([helper, ...shape.map(String)]), given: [helper, ...args], expected, run: async (em) => await helpers[helper]!(em, ...args) }
}

interface SomePage {
  readonly items: Person[]
  readonly endCursor: string | null
  readonly startCursor: string | null
  readonly hasNext: boolean
  readonly hasPrevious: boolean
}

/** Some pages on, and back again by one: what comes back must be what was there. */
async function walk(em: EntityManager, options: object, steps: number): Promise<Person[]> {
  let page = (await helpers['getPage']!(em, options)) as SomePage
  const seen = [...page.items]
  for (let step = 0; step < steps && page.hasNext; step++) {
    const before = page
    page = (await helpers['getPage']!(em, { ...options, after: page.endCursor })) as SomePage
    seen.push(...page.items)
    const back = (await helpers['getPage']!(em, { ...options, before: page.startCursor })) as SomePage
    const same = back.items.length === before.items.length && back.items.every(({ id }, index) => id === before.items[index]!.id)
    if (!same || !back.hasNext || !page.hasPrevious) throw new Error('The way back is another one')
  }
  return seen
}
