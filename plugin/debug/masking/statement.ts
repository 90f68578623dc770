import { placeholders } from '../../../orm/sql/parameters.ts'
import { isLiteral, type Token } from '../../../orm/sql/tokens.ts'
import { MASK } from './names.ts'
import { secretPlaces } from './secret-places.ts'
import { maskText } from './text.ts'

/** A statement as it may be shown. */
export interface MaskedStatement {
  readonly tokens: readonly Token[]
  readonly parameters: readonly string[]
  /** Whether anything was taken out of it. */
  readonly masked: boolean
}

const MASKED_LITERAL = `'${MASK}'`

/**
 * Takes the values of columns with secret names out of a statement, wherever they stand: in comparisons, lists of `insert` and `update`, JSON.
 *
 * @param parameters - as literals
 * @param all - takes all values out
 */
export function maskStatement(tokens: readonly Token[], parameters: readonly string[], all: boolean): MaskedStatement {
  const places = placeholders(tokens, parameters.length)
  const secret = all ? new Set(tokens.keys()) : secretPlaces(tokens)
  const shown = [...parameters]
  let masked = false
  const hide = (literal: string, hidden: boolean): string => {
    const text = hidden ? MASKED_LITERAL : maskText(literal)
    masked ||= text !== literal
    return text
  }
  for (const [place, parameter] of places) if (secret.has(place)) shown[parameter] = hide(parameters[parameter]!, true)
  for (const [index, literal] of shown.entries()) if (literal !== MASKED_LITERAL) shown[index] = hide(literal, all)
  const cleaned = tokens.map((token, place): Token => {
    if (token.kind === 'comment') return { kind: token.kind, text: maskText(token.text) }
    return isLiteral(token) ? { kind: token.kind, text: hide(token.text, secret.has(place)) } : token
  })
  return { tokens: cleaned, parameters: shown, masked }
}
