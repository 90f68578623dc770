import { statementHeads } from './statement-heads.ts'

/** What a statement does to the transaction around it, as far as its text tells; a script is several, of which one keeps something. */
export type StatementKind = 'begin' | 'commit' | 'prepare' | 'rollback' | 'script' | 'other'

/** In the order of the kinds in {@link kindOfHead}. A savepoint that is gone back to leaves the transaction open. */
const CONTROL = /^(?:(begin|start transaction)|(commit|end)|(prepare transaction)|(rollback|abort)(?!(?: work| transaction)? to\b))\b/

/** Without any of these words there is nothing to look for. */
const ANY_CONTROL = /\b(?:begin|start|commit|end|prepare|rollback|abort)\b/i
const ROLLBACK = /\b(?:rollback|abort)\b/i

export function kindOf(text: string): StatementKind {
  if (!ANY_CONTROL.test(text)) return 'other'
  const kinds = statementHeads(text).map(kindOfHead)
  if (kinds.length === 1) return kinds[0]!
  return kinds.includes('commit') || kinds.includes('prepare') ? 'script' : 'other'
}

function kindOfHead(head: string): Exclude<StatementKind, 'script'> {
  const [, begin, commit, prepare, rollback] = CONTROL.exec(head) ?? []
  return begin ? 'begin' : commit ? 'commit' : prepare ? 'prepare' : rollback ? 'rollback' : 'other'
}

/**
 * Whether the server has answered a statement that was to keep something by rolling everything back. It does so in a transaction that has
 * failed, without an error: only the tag of its answer tells.
 *
 * @param commands - the tags of the answers, one for each statement in the text
 */
export function wasRolledBack(text: string, commands: readonly (string | undefined)[]): boolean {
  if (!commands.includes('ROLLBACK')) return false
  const heads = statementHeads(text)
  return commands.some((command, index) => command === 'ROLLBACK' && !ROLLBACK.test(heads[index] ?? text))
}
