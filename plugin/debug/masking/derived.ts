import { isWord } from '../../../orm/sql/tokens.ts'
import { listAt, type Placed } from './rows.ts'

/** What takes a secret as it is, whatever it is called. */
const TAKES_SECRETS = /^(?:crypt|hmac|digest|(?:en|de)crypt(?:_iv)?|pgp_\w+)$/i

/**
 * The places of values that may become secrets under another name: those that functions make secrets of, those of a prepared statement, whose columns were named
 * elsewhere, and, in a statement that names a secret, those of rows that are made on the way: `update u set password = v.p from (values ('...')) as v(p)`.
 *
 * @param namesSecret - whether the statement has the name of a secret in it
 */
export function* derivedSecrets(meant: readonly Placed[], namesSecret: boolean): Generator<number> {
  if (isWord(meant[0]?.token, 'execute')) for (const { place } of meant) yield place
  // The end of the list that was given last: lists within it have been given with it.
  let given = 0
  for (const [index, { token }] of meant.entries()) {
    if (token.text !== '(' || index < given) continue
    const before = meant[index - 1]?.token
    const isTaken = before?.kind === 'word' && TAKES_SECRETS.test(before.text)
    if (!isTaken && !(namesSecret && isDerived(meant, index))) continue
    given = listAt(meant, index)!.end
    for (const { place } of meant.slice(index, given)) yield place
  }
}

/** Whether rows are made in these parentheses, for others to take. */
const isDerived = (meant: readonly Placed[], index: number): boolean => {
  const before = meant[index - 1]?.token
  const next = meant[index + 1]?.token
  return isWord(next, 'values') || (isWord(next, 'select', 'with') && (before?.text === ',' || isWord(before, 'from', 'join', 'using', 'lateral', 'as', 'materialized')))
}
