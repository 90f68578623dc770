import type { Token } from '../../../orm/sql/tokens.ts'

/** A piece that means something, and its place among all. */
export interface Placed {
  readonly token: Token
  readonly place: number
}

/** A list in parentheses. */
export interface List {
  readonly items: readonly (readonly Placed[])[]
  /** The index behind it. */
  readonly end: number
}

/** The list that begins here, if one does. */
export function listAt(meant: readonly Placed[], start: number): List | undefined {
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
