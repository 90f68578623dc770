// A table with ugly text in it, and all of it in memory as well.
import type { EntityManager } from '@mikro-orm/core'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { UtilityObject } from 'fastify-sqlassist/orm'
import type { Random } from '../soak/random.ts'

@Entity({ tableName: 'people' })
export class Person extends UtilityObject {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', length: 2000, unique: true })
  code!: string

  @Property({ type: 'string', length: 2000 })
  name!: string

  @Property({ type: 'text', nullable: true })
  note?: string | null

  @Property({ type: 'integer', nullable: true })
  rank?: number | null
}

export type Row = Pick<Person, 'id' | 'code' | 'name' | 'note' | 'rank'>

/** What means something to SQL, to LIKE, to MikroORM or to Unicode; and some letters. */
export const PIECES: readonly string[] = [
  'a', 'b', 'A', 'B', 'z', 'Z', '0', '1', ' ', '%', '_', '!', '\\', "'", "''", '"', '`', ';', '--', '/*', '*/', '?', '??', '\\?', ':name', ':name:', '$1', '${x}', '::', '[::alias::]', '(', ')', ',', '.', '=',
  '\n', '\r', '\t', '\u{1}', '\u{7f}', '\u{feff}', '\u{200b}', '\u{202e}', '\u{0301}', 'é', 'É', 'ß', 'ẞ', 'İ', 'ı', 'ǅ', '😀', '𐐀', '𐐨', '漢', 'ﬁ',
  " ' or '1'='1", "'; drop table people; --", "' union select 1 --", "\\' or 1=1 --", '{"$ne":0}', '$or', '__proto__', 'null', 'true', 'NaN', "E'x'", "X'00'", 'escape', '%s', '%00',
]

export function uglyText(random: Random, most = 6): string {
  let text = ''
  for (let left = random.below(most + 1); left > 0; left--) text += random.of(PIECES)
  return text
}

/** Rows of which many differ in case only, and many have nothing in a column. */
export function uglyRows(random: Random, count: number): Row[] {
  const codes = new Set<string>()
  const rows: Row[] = []
  while (rows.length < count) {
    const code = uglyText(random, 8)
    if (codes.has(code)) continue
    codes.add(code)
    const twin = rows.length > 0 && random.chance(0.3) ? random.of(rows) : undefined
    const name = twin === undefined ? uglyText(random) : random.chance(0.5) ? twin.name.toUpperCase() : twin.name
    rows.push({ id: rows.length * 3 - 20, code, name, note: random.chance(0.3) ? null : uglyText(random, 10), rank: random.chance(0.3) ? null : random.below(7) - 3 })
  }
  return rows
}

export type TextColumnName = 'code' | 'name' | 'note'
export type ColumnName = TextColumnName | 'id' | 'rank'

/**
 * The table in memory, and the two things that only a database can say: the lower case of a character, and how it sorts text. Both are
 * asked for once, with statements of the test's own.
 */
export class Oracle {
  readonly rows: readonly Row[]
  readonly #lower: ReadonlyMap<string, string>
  readonly #places: ReadonlyMap<string, ReadonlyMap<number, number>>

  private constructor(rows: readonly Row[], lower: ReadonlyMap<string, string>, places: ReadonlyMap<string, ReadonlyMap<number, number>>) {
    this.rows = rows
    this.#lower = lower
    this.#places = places
  }

  static async ask(em: Askable, rows: readonly Row[]): Promise<Oracle> {
    const pieces = PIECES.join('')
    const characters = new Set(pieces + pieces.toUpperCase() + pieces.toLowerCase() + pieces.toUpperCase().toLowerCase())
    const lower = new Map<string, string>()
    for (const character of characters) {
      const [answer] = (await em.execute('select lower(?) as lower', [character])) as { lower: string }[]
      lower.set(character, answer!.lower)
    }
    const places = new Map<string, Map<number, number>>()
    for (const column of ['code', 'name', 'note']) {
      for (const expression of [column, `lower(${column})`]) {
        const answers = (await em.execute(`select id, dense_rank() over (order by ${expression}) as place from people where ${column} is not null`)) as { id: number; place: unknown }[]
        places.set(expression, new Map(answers.map(({ id, place }) => [id, Number(place)])))
      }
    }
    return new Oracle(rows, lower, places)
  }

  lower(text: string): string {
    return Array.from(text, (character) => this.#lower.get(character) ?? character).join('')
  }

  /** Sorted by columns, by key where they are equal, null greater than everything. */
  sorted(rows: readonly Row[], columns: readonly ColumnName[], direction: 'asc' | 'desc', caseSensitive: boolean): Row[] {
    const sign = direction === 'asc' ? 1 : -1
    return rows.toSorted((a, b) => {
      for (const column of columns) {
        const difference = (!caseSensitive && this.#compare(a, b, `lower(${column})`)) || this.#compare(a, b, column)
        if (difference !== 0) return sign * difference
      }
      return sign * (a.id - b.id)
    })
  }

  #compare(a: Row, b: Row, expression: string): number {
    const places = this.#places.get(expression)
    const place = (row: Row): number => (places === undefined ? ((row as unknown as Record<string, number | null>)[expression] ?? Infinity) : (places.get(row.id) ?? Infinity))
    const [first, second] = [place(a), place(b)]
    return first === second || Number.isNaN(first) ? 0 : first - second
  }
}

export type Askable = EntityManager & { execute(sql: string, params?: unknown[]): Promise<unknown> }
