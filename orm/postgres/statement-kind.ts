/** What a statement does to the transaction around it, as far as its text tells; a script is several, of which one keeps something. */
export type StatementKind = 'begin' | 'commit' | 'prepare' | 'rollback' | 'script' | 'other'

/** Blanks and comments, which may stand before any statement. */
const BLANKS = String.raw`\s|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/`
const BLANK = `(?:${BLANKS})*`
const CONTROL = new RegExp(String.raw`^(?:;|${BLANKS})*(?:(begin|start\s+transaction)|(commit|end)|(prepare\s+transaction)|(rollback|abort)(?!\s+(?:(?:work|transaction)\s+)?to\b))\b`, 'i')
const AND_MORE = new RegExp(String.raw`;${BLANK}(?!--|/\*)[^\s;]`)
const COMMIT_AMONG_OTHERS = new RegExp(String.raw`(?:^|;)${BLANK}(?:commit|end|prepare\s+transaction)\b`, 'i')
const ROLLBACK_AMONG_OTHERS = /\b(?:rollback|abort)\b/i

export function kindOf(text: string): StatementKind {
  const match = CONTROL.exec(text)
  if (match === null || AND_MORE.test(text.slice(match[0].length))) return COMMIT_AMONG_OTHERS.test(text) ? 'script' : 'other'
  return match[1] ? 'begin' : match[2] ? 'commit' : match[3] ? 'prepare' : 'rollback'
}

/**
 * Whether the server has answered a statement that was to keep something by rolling everything back. It does so in a transaction that has
 * failed, without an error: only the tag of its answer tells.
 *
 * @param commands - the tags of the answers, one for each statement in the text
 */
export function wasRolledBack(text: string, commands: readonly (string | undefined)[]): boolean {
  if (!commands.includes('ROLLBACK')) return false
  const [, , commit, prepare] = CONTROL.exec(text) ?? []
  return ((commit ?? prepare) !== undefined && commands[0] === 'ROLLBACK') || !ROLLBACK_AMONG_OTHERS.test(text)
}
