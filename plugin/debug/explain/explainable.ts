import type { Statement } from '../recording/statements.ts'
import { isMeant, isWord, tokensOf } from '../../../orm/sql/tokens.ts'

/** What a statement begins with whose plan a database can tell. */
const KINDS: readonly string[] = ['select', 'insert', 'update', 'delete', 'merge', 'with', 'values', 'table', 'replace']

/** Whether the plan of a statement can be asked for: it is one, it is there as a whole, and it is of a kind that has a plan. */
export function isExplainable({ sql, kind, cut, internal }: Statement): boolean {
  if (cut || internal || kind !== 'other') return false
  const meant = tokensOf(sql).filter(isMeant)
  const end = meant.findIndex(({ text }) => text === ';')
  return isWord(meant[0], ...KINDS) && (end === -1 || end === meant.length - 1)
}
