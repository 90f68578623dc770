import { isWord, nameOf } from '../../../orm/sql/tokens.ts'
import { isSecretName } from './names.ts'
import { listAt, type List, type Placed } from './rows.ts'

/** Whether a table may have a column of a secret name: also where nothing is known of it. */
export type MayHaveSecrets = (table: string) => boolean

/**
 * The places of the values that `insert into user (name, password) values (...), (...)` puts into columns of secret names. Where the rows come from a query, every
 * value of its list is taken for one: which is which would take more than counting. Without the names of the columns every value is, unless the table is known to have
 * no such column.
 */
export function* insertedSecrets(meant: readonly Placed[], mayHaveSecrets: MayHaveSecrets): Generator<number> {
  let merged = ''
  for (const [index, { token }] of meant.entries()) {
    const isMerge = isWord(token, 'insert') && isWord(meant[index - 1]?.token, 'then')
    if (!isMerge && !isWord(token, 'into')) continue
    const { table, end } = isMerge ? { table: merged, end: index + 1 } : tableAfter(meant, index)
    if (isWord(meant[index - 1]?.token, 'merge')) merged = table
    else if (isMerge || isInsert(meant, index)) yield* placesOf(meant, end, table, mayHaveSecrets)
  }
}

/** `insert into`, `insert or replace into`, `replace into`; and not `select ... into`. */
const isInsert = (meant: readonly Placed[], into: number): boolean => meant.slice(Math.max(into - 3, 0), into).some(({ token }) => isWord(token, 'insert', 'replace'))

/** The last part of a table's name, and the index behind it and its alias. */
function tableAfter(meant: readonly Placed[], into: number): { readonly table: string; readonly end: number } {
  let at = into + 1
  while (meant[at + 1]?.token.text === '.') at += 2
  const table = nameOf(meant[at]?.token) ?? ''
  at++
  if (isWord(meant[at]?.token, 'as')) at += 2
  return { table, end: at }
}

function* placesOf(meant: readonly Placed[], start: number, table: string, mayHaveSecrets: MayHaveSecrets): Generator<number> {
  const begins = meant[start + 1]?.token
  const columns = isWord(begins, 'select', 'values', 'with', 'table') ? undefined : listAt(meant, start)
  if (columns === undefined) {
    if (mayHaveSecrets(table)) for (const { place } of untilReturning(meant, start)) yield place
    return
  }
  const names = columns.items.map((item) => nameOf(item[0]?.token))
  const wanted = new Set(names.flatMap((name, column) => (name !== undefined && isSecretName(name) ? [column] : [])))
  if (wanted.size > 0) for (const { place } of valuesAfter(meant, columns.end, wanted)) yield place
}

function* untilReturning(meant: readonly Placed[], start: number): Generator<Placed> {
  for (let at = start; at < meant.length && !isWord(meant[at]!.token, 'returning') && meant[at]!.token.text !== ';'; at++) yield meant[at]!
}

function* valuesAfter(meant: readonly Placed[], start: number, wanted: ReadonlySet<number>): Generator<Placed> {
  let at = start
  while (at < meant.length && !isWord(meant[at]!.token, 'values', 'select')) at++
  if (isWord(meant[at]?.token, 'select')) {
    for (; at < meant.length && !isWord(meant[at]!.token, 'from', 'returning') && meant[at]!.token.text !== ';'; at++) yield meant[at]!
    return
  }
  for (let row: List | undefined = listAt(meant, at + 1); row !== undefined; row = meant[row.end]?.token.text === ',' ? listAt(meant, row.end + 1) : undefined) {
    for (const column of wanted) yield* row.items[column] ?? []
  }
}
