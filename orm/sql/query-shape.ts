import { isMeant, isWord, nameOf, type Token, tokensOf } from './tokens.ts'

/** What a query reads, and by which column it finds it. */
export interface QueryShape {
  /** The tables after `from` and `join`, without their schemas. */
  readonly tables: readonly TableUse[]
  /** Undefined where there is no `column = value` or `column in (values)`. */
  readonly key: { readonly table: string | undefined; readonly column: string } | undefined
}

interface TableUse {
  readonly name: string
  readonly alias: string | undefined
}

/** @returns undefined for what is no simple query */
export function queryShapeOf(sql: string): QueryShape | undefined {
  const meant = tokensOf(sql).filter(isMeant)
  if (!isWord(meant[0], 'select')) return undefined
  const tables = meant.flatMap((token, index) => (isWord(token, 'from', 'join') ? (tableAt(meant, index + 1) ?? []) : []))
  const where = meant.findIndex((token) => isWord(token, 'where'))
  if (tables.length === 0 || where === -1) return undefined
  return { tables, key: keyAfter(meant, where, tables) }
}

function tableAt(meant: readonly Token[], start: number): TableUse | undefined {
  let at = start
  let name = nameOf(meant[at])
  if (name === undefined) return undefined
  while (meant[at + 1]?.text === '.') name = nameOf(meant[(at += 2)]) ?? name
  const alias = isWord(meant[at + 1], 'as') ? nameOf(meant[at + 2]) : meant[at + 1]?.kind === 'name' ? nameOf(meant[at + 1]) : undefined
  return { name, alias }
}

/** The first column that is compared with a value. */
function keyAfter(meant: readonly Token[], where: number, tables: readonly TableUse[]): QueryShape['key'] {
  for (let at = where + 1; at < meant.length && !isWord(meant[at], 'order', 'limit', 'group'); at++) {
    const column = nameOf(meant[at])
    if (column === undefined || meant[at + 1]?.text === '.') continue
    const isKey = meant[at + 1]?.text === '=' ? isValue(meant[at + 2]) : isWord(meant[at + 1], 'in') && meant[at + 2]?.text === '(' && isValue(meant[at + 3])
    if (!isKey) continue
    const prefix = meant[at - 1]?.text === '.' ? nameOf(meant[at - 2]) : undefined
    return { table: prefix === undefined ? undefined : (tables.find(({ alias, name }) => (alias ?? name) === prefix)?.name ?? prefix), column }
  }
  return undefined
}

const isValue = (token: Token | undefined): boolean => token?.kind === 'string' || token?.kind === 'number' || token?.kind === 'parameter'
