import { createHash } from 'node:crypto'

/** What the placeholders of a pattern stand for. */
export interface PatternValues {
  readonly table: string
  readonly schema?: string | undefined
  readonly column0?: string | undefined
  readonly columns?: string | undefined
  readonly name?: string | undefined
  readonly referredTable?: string | undefined
}

/** How long an identifier may be: PostgreSQL cuts off what is longer, without a word. Other databases get the same names. */
export const MAX_IDENTIFIER_BYTES = 63

/** Fills in a pattern. What is not known leaves no gap: the separator before it goes too. */
export function renderPattern(pattern: string, values: PatternValues): string {
  const name = pattern.replace(/([_-]?)\{(\w+)\}/g, (_all, separator: string, placeholder: keyof PatternValues) => {
    const value = values[placeholder]
    return value === undefined ? '' : `${separator}${value.replaceAll('.', '_')}`
  })
  return fitIdentifier(name)
}

/** Whether a name is one that the pattern makes, whatever stands for `{name}`. */
export function isMadeBy(pattern: string, values: PatternValues, name: string): boolean {
  const filled = pattern.replace(/\{(\w+)\}/g, (all, placeholder: keyof PatternValues) => (placeholder === 'name' ? all : (values[placeholder] ?? '')))
  const [before = '', after = ''] = filled.split('{name}')
  return name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after)
}

/** The name, or its beginning and a hash of all of it: always the same, and different for different names. */
export function fitIdentifier(name: string): string {
  return Buffer.byteLength(name) <= MAX_IDENTIFIER_BYTES ? name : withHash(name, name)
}

/** The name with a hash of something at its end, within the limit. */
export function withHash(name: string, hashed: string): string {
  const suffix = `_${createHash('sha256').update(hashed).digest('hex').slice(0, 8)}`
  return cut(name, MAX_IDENTIFIER_BYTES - suffix.length).replace(/_+$/, '') + suffix
}

/** As many whole characters as fit. */
function cut(text: string, bytes: number): string {
  let size = 0
  let result = ''
  for (const character of text) {
    size += Buffer.byteLength(character)
    if (size > bytes) break
    result += character
  }
  return result
}
