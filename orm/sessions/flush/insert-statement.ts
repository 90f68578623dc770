import type { EntityMetadata } from '@mikro-orm/core'

/** The part of MikroORM's SQL drivers that writes rows. */
export interface InsertingDriver {
  nativeInsertMany(entity: unknown, rows: readonly Row[], options: object): Promise<InsertResult>
  convertException(error: unknown): Error
}

/** What MikroORM wants to know of an INSERT. */
export interface InsertResult {
  readonly affectedRows: number
  readonly insertId: undefined
  readonly row: Readonly<Record<string, unknown>> | undefined
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** The values of one row by property, as MikroORM's comparator prepares them for the database. */
export type Row = Readonly<Record<string, unknown>>

/** An INSERT for rows that have values for the same properties, but for the values. */
export interface InsertStatement {
  /** The properties, in the order of the columns. */
  readonly properties: readonly string[]
  /** The text for a number of rows, with `$1` and so on. */
  text(rows: number): string
}

/** More kinds of rows of one entity are not worth remembering: somebody makes them up. */
const MOST_SHAPES = 100

const shapes = new WeakMap<EntityMetadata, Map<string, InsertStatement | undefined>>()

/** The statement that MikroORM would make for such a row; undefined where that does not only depend on which properties there are. */
export async function insertStatementFor(driver: InsertingDriver, meta: EntityMetadata, row: Row, schema: string | undefined): Promise<InsertStatement | undefined> {
  let known = shapes.get(meta)
  if (known === undefined) shapes.set(meta, (known = new Map()))
  const properties = Object.keys(row)
  const key = JSON.stringify([schema, properties])
  if (known.has(key)) return known.get(key)
  if (known.size >= MOST_SHAPES) return undefined
  const made = await learn(driver, meta, properties, schema)
  known.set(key, made)
  return made
}

/** Has MikroORM's driver write a row of marks, and looks where they have gone: nobody else knows its rules. */
async function learn(driver: InsertingDriver, meta: EntityMetadata, properties: readonly string[], schema: string | undefined): Promise<InsertStatement | undefined> {
  if (properties.length === 0 || properties.some((name) => meta.properties[name as never] === undefined)) return undefined
  const written: { sql: string; parameters: readonly unknown[] }[] = []
  const execute = { value: async (sql: string, parameters: readonly unknown[]) => {
    written.push({ sql, parameters })
    return { affectedRows: 1, row: {}, rows: [{}] }
  } }
  const marks = Object.fromEntries(properties.map((name) => [name, markOf(name)]))
  try {
    await (Object.create(driver, { execute }) as InsertingDriver).nativeInsertMany(meta.class, [marks], { convertCustomTypes: false, schema })
  } catch {
    return undefined // it does more with the values than to hand them on
  }
  const [statement, ...more] = written
  if (statement === undefined || more.length > 0) return undefined
  const { sql, parameters } = statement
  if (parameters.length !== properties.length || !properties.every((name, index) => parameters[index] === markOf(name))) return undefined
  return split(sql, properties)
}

const markOf = (property: string): string => `the value of ${property}`

/** The row that MikroORM has written must hold one question mark for each value, and nothing else; a custom type may put SQL around it. */
function split(sql: string, properties: readonly string[]): InsertStatement | undefined {
  const row = ` values (${properties.map(() => '?').join(', ')})`
  const at = sql.indexOf(row)
  const [head, tail] = [sql.slice(0, at), sql.slice(at + row.length)]
  if (at === -1 || head.includes('?') || tail.includes('?')) return undefined
  const texts = new Map<number, string>()
  return {
    properties,
    text(rows) {
      let text = texts.get(rows)
      if (text === undefined) texts.set(rows, (text = `${head} values ${placeholders(rows, properties.length)}${tail}`))
      return text
    },
  }
}

function placeholders(rows: number, columns: number): string {
  return Array.from({ length: rows }, (_, row) => `(${Array.from({ length: columns }, (__, column) => `$${row * columns + column + 1}`).join(', ')})`).join(', ')
}
