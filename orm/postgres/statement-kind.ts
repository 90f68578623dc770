/** What a statement does to the transaction around it, as far as its text tells. */
export type StatementKind = 'begin' | 'commit' | 'prepare' | 'rollback' | 'other'

/** Blanks and comments, which may stand before any statement. */
const BLANK = String.raw`(?:\s|--[^\n]*\n|/\*[^]*?\*/)*`
const CONTROL = new RegExp(String.raw`^${BLANK}(?:(begin|start\s+transaction)|(commit|end)|(prepare\s+transaction)|(rollback|abort))\b`, 'i')
const COMMIT_AMONG_OTHERS = new RegExp(String.raw`;${BLANK}(?:commit|end|prepare\s+transaction)\b`, 'i')
const ROLLBACK_AMONG_OTHERS = /\b(?:rollback|abort)\b/i

export function kindOf(text: string): StatementKind {
  const match = CONTROL.exec(text)
  if (match === null) return COMMIT_AMONG_OTHERS.test(text) ? 'commit' : 'other'
  return match[1] ? 'begin' : match[2] ? 'commit' : match[3] ? 'prepare' : 'rollback'
}

/**
 * Whether the server has answered a statement that was to keep something by rolling everything back. It does so in a transaction that has
 * failed, without an error: only the tag of its answer tells.
 *
 * @param commands - the tags of the answers, one for each statement in the text
 */
export function wasRolledBack(text: string, kind: StatementKind, commands: readonly (string | undefined)[]): boolean {
  if (!commands.includes('ROLLBACK')) return false
  return (kind === 'commit' || kind === 'prepare' ? commands[0] === 'ROLLBACK' : false) || !ROLLBACK_AMONG_OTHERS.test(text)
}
