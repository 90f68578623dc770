import { isLiteral, isMeant, isWord, type Token, tokensOf } from './tokens.ts'

/** A value, whatever it is; a list of values, however long it is. */
const VALUE = '?'
const VALUES = '?, ...'

/**
 * A statement without its values: MikroORM writes them into the SQL, so that the same query with another id is another text. Lists of values, of `in` and of
 * rows, are the same whatever their length.
 */
export function fingerprintOf(sql: string | readonly Token[]): string {
  const meant = (typeof sql === 'string' ? tokensOf(sql) : sql).filter(isMeant)
  const pieces: string[] = []
  for (const [index, token] of meant.entries()) {
    const piece = withoutValue(token, meant[index - 1])
    if (piece === VALUE && isSign(pieces.at(-1), pieces.at(-2))) pieces.pop()
    pieces.push(piece)
    shorten(pieces)
  }
  return pieces.join(' ').replace(/(?: ;)+$/, '')
}

function withoutValue(token: Token, before: Token | undefined): string {
  if (isLiteral(token) || token.kind === 'parameter') return VALUE
  if (isWord(token, 'null', 'true', 'false', 'default') && !isWord(before, 'is', 'not', 'set', 'on')) return VALUE
  return token.kind === 'word' ? token.text.toLowerCase() : token.text
}

const isSign = (piece: string | undefined, before: string | undefined): boolean =>
  (piece === '-' || piece === '+') && (before === undefined || /^(?:[(,=<>[+\-*/]|<>|<=|>=|!=|and|or|between|limit|offset|then|else|when|select|values|returning)$/.test(before))

/** Takes the end of a list together, as soon as it is there. */
function shorten(pieces: string[]): void {
  const last = pieces.at(-1)!
  // ? :: integer
  if (pieces.at(-2) === '::' && isValue(pieces.at(-3)) && /^["\w]/.test(last)) pieces.splice(-2, 2)
  // ?, ?
  else if ((last === VALUE || last === VALUES) && pieces.at(-2) === ',' && isValue(pieces.at(-3))) pieces.splice(-3, 3, VALUES)
  // in (?) and values (?)
  else if (last === ')' && pieces.at(-2) === VALUE && pieces.at(-3) === '(' && /^(?:in|values)$/.test(pieces.at(-4) ?? '')) pieces.splice(-2, 1, VALUES)
  // (?, ...), (?, ...)
  if (endsWithRow(pieces, 0) && pieces.at(-4) === ',' && endsWithRow(pieces, 4)) pieces.splice(-4, 4)
}

const isValue = (piece: string | undefined): boolean => piece === VALUE || piece === VALUES

/** Whether there is `( ?, ... )` so many pieces before the end. */
const endsWithRow = (pieces: readonly string[], before: number): boolean =>
  pieces.at(-1 - before) === ')' && isValue(pieces.at(-2 - before)) && pieces.at(-3 - before) === '('
