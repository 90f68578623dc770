import { placeholders } from './parameters.ts'
import { isMeant, isWord, nameOf, type Token, tokensOf } from './tokens.ts'

/** What a query reads, and by which columns it finds it. */
export interface QueryShape {
  /** The tables after `from` and `join`, without their schemas. */
  readonly tables: readonly TableUse[]
  /** Each `column = value` and `column in (values)` of the condition. */
  readonly keys: readonly QueryKey[]
}

interface TableUse {
  readonly name: string
  readonly alias: string | undefined
}

/** A column that is compared with values. */
export interface QueryKey {
  readonly table: string | undefined
  readonly column: string
  /** The value as it is written; the number of the parameter that it is, from 0; undefined where there are several. */
  readonly value: string | number | undefined
}

/**
 * @param sql - a text, or what is meant of its pieces
 * @param parameters - how many values come beside the text
 * @returns undefined for what is no simple query
 */
export function queryShapeOf(sql: string | readonly Token[], parameters = 0): QueryShape | undefined {
  const meant = typeof sql === 'string' ? tokensOf(sql).filter(isMeant) : sql
  if (!isWord(meant[0], 'select')) return undefined
  const tables = meant.flatMap((token, index) => (isWord(token, 'from', 'join') ? (tableAt(meant, index + 1) ?? []) : []))
  return tables.length === 0 ? undefined : { tables, keys: [...keysOf(meant, tables, placeholders(meant, parameters))] }
}

function tableAt(meant: readonly Token[], start: number): TableUse | undefined {
  let at = start
  let name = nameOf(meant[at])
  if (name === undefined) return undefined
  while (meant[at + 1]?.text === '.') name = nameOf(meant[(at += 2)]) ?? name
  const alias = isWord(meant[at + 1], 'as') ? nameOf(meant[at + 2]) : meant[at + 1]?.kind === 'name' ? nameOf(meant[at + 1]) : undefined
  return { name, alias }
}

function* keysOf(meant: readonly Token[], tables: readonly TableUse[], parameters: ReadonlyMap<number, number>): Generator<QueryKey> {
  const where = meant.findIndex((token) => isWord(token, 'where'))
  if (where === -1) return
  for (let at = where + 1; at < meant.length && !isWord(meant[at], 'order', 'limit', 'group'); at++) {
    const column = nameOf(meant[at])
    if (column === undefined || meant[at + 1]?.text === '.') continue
    const isList = isWord(meant[at + 1], 'in') && meant[at + 2]?.text === '('
    const place = isList ? at + 3 : at + 2
    if ((!isList && meant[at + 1]?.text !== '=') || !isValue(meant[place])) continue
    const prefix = meant[at - 1]?.text === '.' ? nameOf(meant[at - 2]) : undefined
    const table = prefix === undefined ? undefined : (tables.find(({ alias, name }) => (alias ?? name) === prefix)?.name ?? prefix)
    const next = meant[place + 1]?.text === '::' ? place + 3 : place + 1 // a parameter may have a cast
    const several = isList && meant[next]?.text !== ')'
    yield { table, column, value: several ? undefined : (parameters.get(place) ?? meant[place]!.text) }
  }
}

const isValue = (token: Token | undefined): boolean => token?.kind === 'string' || token?.kind === 'number' || token?.kind === 'parameter'
