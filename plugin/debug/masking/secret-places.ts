import { isMeant, isWord, nameOf, type Token } from '../../../orm/sql/tokens.ts'
import { derivedSecrets } from './derived.ts'
import { insertedSecrets, type MayHaveSecrets } from './inserted.ts'
import { isSecretName } from './names.ts'

/** Where what belongs to a name ends, in the parentheses that it stands in: the next comparison, the next clause. */
const ENDS: readonly string[] = [
  'and', 'or', 'where', 'from', 'order', 'group', 'having', 'limit', 'offset', 'returning', 'union', 'except', 'intersect', 'on', 'join', 'left', 'inner', 'right', 'full', 'cross', 'when', 'then', 'else', 'end', 'set',
  'values', 'select',
]

/** A statement that takes more is nobody's; all of it is taken for secret. */
const MOST_STEPS = 500_000

/** The places of all pieces that belong to a column of a secret name: where there is doubt, of more. */
export function secretPlaces(tokens: readonly Token[], mayHaveSecrets: MayHaveSecrets): Set<number> {
  const meant = tokens.flatMap((token, place) => (isMeant(token) ? [{ token, place }] : []))
  const isKeyNamed = isWord(meant[0]?.token, 'pragma', 'attach') // of an encrypted file
  const isSecret = (token: Token): boolean => isSecretNameToken(token) || (isKeyNamed && isWord(token, 'key', 'rekey', 'hexkey', 'hexrekey'))
  const secret = new Set<number>()
  let steps = 0
  for (const places of [insertedSecrets(meant, mayHaveSecrets), derivedSecrets(meant, tokens.some(isSecret))]) {
    for (const at of places) {
      secret.add(at)
      if (++steps > MOST_STEPS) return new Set(tokens.keys())
    }
  }
  const separators = separatorsOf(tokens)
  const hasCase = tokens.some((token) => isWord(token, 'case'))
  for (const [place, token] of tokens.entries()) {
    if (!isSecret(token)) continue
    const asKey = token.kind === 'string'
    for (const step of asKey ? [1] as const : [1, -1] as const) {
      for (const at of reach(tokens, separators, { from: place, step, asKey, hasCase })) {
        secret.add(at)
        if (++steps > MOST_STEPS) return new Set(tokens.keys())
      }
    }
  }
  return secret
}

/** A name; or a string that is one, as in `data ->> 'password'` and `set_config('app.token', ...)`. */
function isSecretNameToken(token: Token): boolean {
  if (token.kind === 'string') return /^'[{]?[\w.,-]{1,100}[}]?'$/.test(token.text) && isSecretName(token.text.slice(1, -1))
  const name = nameOf(token)
  return name !== undefined && isSecretName(name)
}

/** The places of commas between columns or assignments of a query; those between arguments and values are others. */
function separatorsOf(tokens: readonly Token[]): Set<number> {
  const separators = new Set<number>()
  const queries: boolean[] = []
  let opened = false
  for (const [place, token] of tokens.entries()) {
    if (!isMeant(token)) continue
    if (opened) queries.push(isWord(token, 'select', 'with'))
    opened = token.text === '('
    if (token.text === ')') queries.pop()
    if (token.text === ',' && queries.at(-1) !== false) separators.add(place)
  }
  return separators
}

interface Reach {
  readonly from: number
  readonly step: 1 | -1
  /** The name is a value itself, and the one that belongs to it stands behind it. */
  readonly asKey: boolean
  /** An `end` without a `case` ends something else. */
  readonly hasCase: boolean
}

/** The places that belong to a name, on one side of it: `lower("password") = lower('...')`, `(name, password) = ('...', '...')`. */
function* reach(tokens: readonly Token[], separators: ReadonlySet<number>, { from, step, asKey, hasCase }: Reach): Generator<number> {
  let depth = 0
  /** How far out of the name's own parentheses it has gone. */
  let floor = 0
  let between = false
  for (let at = from + step; at >= 0 && at < tokens.length; at += step) {
    const token = tokens[at]!
    if (!isMeant(token)) continue
    const { text } = token
    if (text === '(' || text === '[' || isWord(token, 'case')) depth += step
    if (text === ')' || text === ']' || (hasCase && isWord(token, 'end'))) depth -= step
    floor = Math.min(floor, depth)
    if (depth === floor) {
      if (step === 1 && isWord(token, 'between')) between = true
      else if (between && isWord(token, 'and')) between = false
      else if (isWord(token, ...ENDS) || text === ';' || (!asKey && separators.has(at))) return
    }
    yield at
  }
}
