import { isMeant, isWord, nameOf, type Token } from '../../../orm/sql/tokens.ts'
import { isSecretName } from './names.ts'

/** A piece that means something, and its place. */
interface Placed {
  readonly token: Token
  readonly place: number
}

/**
 * The places of the values that `insert into user (name, password) values (...), (...)` puts into columns of secret names. Where the rows come from a query, every
 * value of its list is taken for one: which is which would take more than counting.
 */
export function insertedSecrets(tokens: readonly Token[]): Set<number> {
  const secret = new Set<number>()
  const meant = tokens.flatMap((token, place) => (isMeant(token) ? [{ token, place }] : []))
  for (const [index, { token }] of meant.entries()) {
    if (!isWord(token, 'into')) continue
    const columns = listAfter(meant, index)
    if (columns === undefined) continue
    const names = columns.items.map((item) => nameOf(item[0]?.token))
    const wanted = new Set(names.flatMap((name, column) => (name !== undefined && isSecretName(name) ? [column] : [])))
    if (wanted.size > 0) for (const { place } of valuesAfter(meant, columns.end, wanted)) secret.add(place)
  }
  return secret
}

/** A list in parentheses. */
interface List {
  readonly items: readonly (readonly Placed[])[]
  /** The index behind it. */
  readonly end: number
}

/** The list behind a table's name, if there is one. */
function listAfter(meant: readonly Placed[], into: number): List | undefined {
  let at = into + 1
  while (at < meant.length && (nameOf(meant[at]!.token) !== undefined || meant[at]!.token.text === '.')) at++
  return listAt(meant, at)
}

function listAt(meant: readonly Placed[], start: number): List | undefined {
  if (meant[start]?.token.text !== '(') return undefined
  const items: Placed[][] = [[]]
  let depth = 0
  for (let at = start; at < meant.length; at++) {
    const { text } = meant[at]!.token
    if (text === '(' || text === '[') depth++
    if (text === ')' || text === ']') depth--
    if (depth === 0) return { items, end: at + 1 }
    if (depth === 1 && text === ',') items.push([])
    else if (at > start) items.at(-1)!.push(meant[at]!)
  }
  return { items, end: meant.length }
}

function* valuesAfter(meant: readonly Placed[], start: number, wanted: ReadonlySet<number>): Generator<Placed> {
  let at = start
  while (at < meant.length && !isWord(meant[at]!.token, 'values', 'select')) at++
  if (isWord(meant[at]?.token, 'select')) {
    for (; at < meant.length && !isWord(meant[at]!.token, 'from', 'returning') && meant[at]!.token.text !== ';'; at++) yield meant[at]!
    return
  }
  for (let row = listAt(meant, at + 1); row !== undefined; row = meant[row.end]?.token.text === ',' ? listAt(meant, row.end + 1) : undefined) {
    for (const column of wanted) yield* row.items[column] ?? []
  }
}
