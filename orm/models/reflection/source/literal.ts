import { literal } from '../scalars.ts'

/** Code that stands for itself in a literal: a function, a class. */
export class Code {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const WIDTH = 140

/** A value as source text: on one line where it fits, else a line for each part. */
export function print(value: unknown, indent = ''): string {
  const line = inline(value)
  if (indent.length + line.length <= WIDTH || typeof value !== 'object' || value === null || value instanceof Code) return line
  const deeper = `${indent}  `
  if (Array.isArray(value)) return `[\n${value.map((item) => `${deeper}${print(item, deeper)},\n`).join('')}${indent}]`
  return `{\n${entriesOf(value).map(([key, item]) => `${deeper}${keyOf(key)}: ${print(item, deeper)},\n`).join('')}${indent}}`
}

function inline(value: unknown): string {
  if (value instanceof Code) return value.text
  if (typeof value === 'string') return literal(value)
  if (Array.isArray(value)) return `[${value.map((item) => inline(item)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = entriesOf(value).map(([key, item]) => `${keyOf(key)}: ${inline(item)}`)
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}

const entriesOf = (value: object): [string, unknown][] => Object.entries(value).filter(([, item]) => item !== undefined)

/** A name as it is, where JavaScript lets it be one. */
export const keyOf = (name: string): string => (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) ? name : literal(name))
