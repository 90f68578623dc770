import { statementHeads } from '../../../orm/postgres/statement-heads.ts'

/** What a statement does to the transaction around it. */
export type Control = 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback to' | 'set transaction' | 'two-phase' | 'other'

/** Without any of these words there is nothing to look for. */
const ANY = /\b(?:begin|start|commit|end|rollback|abort|savepoint|release|transaction|prepared?)\b/i

const HEADS: readonly (readonly [Control, RegExp])[] = [
  ['two-phase', /^(?:prepare transaction|commit prepared|rollback prepared)\b/],
  ['begin', /^(?:begin|start transaction)\b/],
  ['commit', /^(?:commit|end)\b/],
  ['rollback to', /^(?:rollback|abort)(?: work| transaction)? to\b/],
  ['rollback', /^(?:rollback|abort)\b/],
  ['savepoint', /^savepoint\b/],
  ['release', /^release\b/],
  ['set transaction', /^set (?:local )?transaction\b/],
]

export function controlOf(text: string): Control {
  if (!ANY.test(text)) return 'other'
  const [head = ''] = statementHeads(text)
  return HEADS.find(([, pattern]) => pattern.test(head))?.[0] ?? 'other'
}

/** The name of the savepoint that a statement is about, as PostgreSQL reads it. */
export function savepointName(text: string): string {
  const [, name = ''] = /\b(?:savepoint|release(?:\s+savepoint)?|to(?:\s+savepoint)?)\s+("(?:[^"]|"")+"|[\w$]+)/i.exec(withoutComments(text)) ?? []
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}

/** What a statement says of writing; undefined where it says nothing. */
export function accessMode(text: string): 'only' | 'write' | undefined {
  const [, mode] = /\bread\s+(only|write)\b/i.exec(withoutComments(text)) ?? []
  return mode?.toLowerCase() as 'only' | 'write' | undefined
}

const withoutComments = (text: string): string => text.replaceAll(/\/\*.*?\*\//gs, ' ')

/** How far a change of settings goes. */
export function settingScope(text: string): 'session' | 'transaction' | undefined {
  if (!/\bset\b|\breset\b|\bdiscard\b|\bset_config\b/i.test(text)) return undefined
  if (/\bset_config\s*\(/i.test(text)) return /\bset_config\s*\([^;]*?,\s*false\s*\)/i.test(text) ? 'session' : 'transaction'
  const heads = statementHeads(text).filter((head) => /^(?:set|reset|discard)\b/.test(head) && !/^set constraints\b/.test(head))
  if (heads.length === 0) return undefined
  return heads.every((head) => /^set local\b/.test(head)) ? 'transaction' : 'session'
}
