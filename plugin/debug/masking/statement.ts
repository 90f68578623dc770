import { placeholders } from '../../../orm/sql/parameters.ts'
import { isLiteral, isMeant, isWord, type Token, tokensOf } from '../../../orm/sql/tokens.ts'
import type { MayHaveSecrets } from './inserted.ts'
import { isSecretName, MASK } from './names.ts'
import { secretPlaces } from './secret-places.ts'
import { maskText } from './text.ts'

/** A statement as it may be shown. */
export interface MaskedStatement {
  readonly tokens: readonly Token[]
  readonly parameters: readonly string[]
  /** Whether anything was taken out of it. */
  readonly masked: boolean
}

export interface MaskOptions {
  /** Takes all values out. */
  readonly all: boolean
  readonly mayHaveSecrets: MayHaveSecrets
}

const MASKED_LITERAL = `'${MASK}'`

/**
 * Takes the values of columns with secret names out of a statement, wherever they stand: in comparisons, lists of `insert` and `update`, JSON.
 *
 * @param parameters - as literals
 */
export function maskStatement(tokens: readonly Token[], parameters: readonly string[], options: MaskOptions): MaskedStatement {
  const { all, mayHaveSecrets } = options
  const places = placeholders(tokens, parameters.length)
  const secret = all ? new Set(tokens.keys()) : secretPlaces(tokens, mayHaveSecrets)
  const shown = [...parameters]
  let masked = false
  const hide = (literal: string, hidden: boolean): string => {
    const text = hidden ? MASKED_LITERAL : maskLiteral(literal, options)
    masked ||= text !== literal
    return text
  }
  for (const [place, parameter] of places) if (secret.has(place)) shown[parameter] = hide(parameters[parameter]!, true)
  for (const [index, literal] of shown.entries()) if (literal !== MASKED_LITERAL) shown[index] = hide(literal, all)
  const bare = bareSetting(tokens)
  const cleaned = tokens.map((token, place): Token => {
    if (token.kind === 'comment') return { kind: token.kind, text: maskText(token.text) }
    return isLiteral(token) || bare.has(place) ? { kind: token.kind, text: hide(token.text, secret.has(place)) } : token
  })
  return { tokens: cleaned, parameters: shown, masked }
}

/** `set app.token = abc`: a value without quotes. */
function bareSetting(tokens: readonly Token[]): Set<number> {
  const meant = tokens.flatMap((token, place) => (isMeant(token) ? [{ token, place }] : []))
  if (!isWord(meant[0]?.token, 'set', 'alter', 'pragma')) return new Set()
  return new Set(meant.flatMap(({ token, place }, index) => {
    const before = meant[index - 1]?.token
    return token.kind === 'word' && (before?.text === '=' || isWord(before, 'to', 'password')) && !isWord(token, 'default', 'null') ? [place] : []
  }))
}

/** What is SQL itself: the body of a function, what `execute` is given, a statement for another server. */
const LOOKS_LIKE_SQL = /\b(?:insert\s+into|update\s+\S{1,200}\s+set|(?:alter|create)\s+(?:role|user)|set_config|execute)\b/i

function maskLiteral(literal: string, options: MaskOptions): string {
  const tag = /^\$\w*\$/.exec(literal)?.[0]
  if (tag !== undefined && literal.endsWith(tag) && literal.length >= 2 * tag.length) {
    const body = maskStatement(tokensOf(literal.slice(tag.length, -tag.length)), [], options)
    return tag + maskText(body.tokens.map(({ text }) => text).join('')) + tag
  }
  if (LOOKS_LIKE_SQL.test(literal) && (literal.match(/\w{1,100}/g) ?? []).some(isSecretName)) return MASKED_LITERAL
  return maskText(literal)
}
