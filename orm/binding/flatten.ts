import { isRaw, JsonProperty } from '@mikro-orm/core'
import type { LiteralPlatform } from './platform.ts'

/** A statement with a hole for each of its values: always one piece more than values. */
export interface FlatStatement {
  readonly pieces: string[]
  readonly values: unknown[]
  /** Its text alone says where the holes are: nothing in the parameters has changed the pieces. */
  plain: boolean
}

/**
 * Finds the holes of a statement where `Platform.formatQuery()` does, oddities included: `??` is a name, `\?` a question mark, a fragment of SQL brings
 * text and values of its own, and a list stands for its items.
 */
export function flatten(sql: string, params: readonly unknown[], platform: LiteralPlatform): FlatStatement {
  const flat: FlatStatement = { pieces: [''], values: [], plain: true }
  scan(sql, params, flat, platform)
  return flat
}

function scan(sql: string, params: readonly unknown[], flat: FlatStatement, platform: LiteralPlatform): void {
  if (params.length === 0) return addText(flat, sql)
  let next = 0
  let at = 0
  const hole = (index: number): number => {
    if (sql[index + 1] === '?') {
      flat.plain = false
      addText(flat, platform.quoteIdentifier(params[next++]))
      return index + 2
    }
    addValue(flat, params[next++], platform)
    return index + 1
  }
  if (sql.startsWith('?')) at = hole(0)
  while (at < sql.length) {
    const index = sql.indexOf('?', at + 1)
    if (index === -1) return addText(flat, sql.slice(at))
    if (sql[index - 1] === '\\') {
      flat.plain = false
      addText(flat, `${sql.slice(at, index - 1)}?`)
      at = index + 1
    } else {
      addText(flat, sql.slice(at, index))
      at = hole(index)
    }
  }
}

function addText({ pieces }: FlatStatement, text: string): void {
  pieces[pieces.length - 1] += text
}

function addValue(flat: FlatStatement, value: unknown, platform: LiteralPlatform): void {
  if (isPlain(value)) return addHole(flat, value)
  flat.plain = false
  if (isRaw(value)) return scan(value.sql, value.params, flat, platform)
  const items = Array.isArray(value) && !(JsonProperty in value) ? (value as unknown[]).flat(Infinity) : []
  if (items.length === 0 || !items.every(isItem)) return Array.isArray(value) && !(JsonProperty in value) ? addText(flat, String(platform.quoteValue(value))) : addHole(flat, value)
  for (const [index, item] of items.entries()) {
    if (index > 0) addText(flat, ', ')
    addHole(flat, item)
  }
}

function addHole({ pieces, values }: FlatStatement, value: unknown): void {
  values.push(value)
  pieces.push('')
}

/** Whether a parameter is one value, whatever it is, and no text. */
export const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array

/** Of the items of a list MikroORM takes no notice of what is no such value. */
const isItem = (item: unknown): boolean => isPlain(item) && item !== null && item !== undefined
