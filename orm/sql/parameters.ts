import { type Token } from './tokens.ts'

/**
 * Which parameter each placeholder of a statement stands for, by their places in the pieces. PostgreSQL counts them, `$2`; others take them one after
 * another, `?`, which is an operator in PostgreSQL.
 */
export function placeholders(tokens: readonly Token[], count: number): Map<number, number> {
  const found = new Map<number, number>()
  if (count === 0) return found
  const counted = tokens.some(({ kind, text }) => kind === 'parameter' && text.startsWith('$'))
  let next = 0
  for (const [place, { kind, text }] of tokens.entries()) {
    if (kind !== 'parameter' || text.startsWith('$') !== counted) continue
    const number = Number(text.slice(1)) || next + 1
    next = number
    if (number <= count) found.set(place, number - 1)
  }
  return found
}

/** A statement with its parameters in their places. */
export function withLiterals(tokens: readonly Token[], literals: readonly string[]): Token[] {
  const places = placeholders(tokens, literals.length)
  return tokens.map((token, place) => {
    const parameter = places.get(place)
    // Blanks, because a minus before a negative number would begin a comment.
    return parameter === undefined ? token : { kind: 'string', text: literals[parameter]!.startsWith('-') ? ` ${literals[parameter]!}` : literals[parameter]! }
  })
}
