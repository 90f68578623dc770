/** A parameter as a literal that the database understands in its place. */
export function literalOf(value: unknown, dialect: string): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
    return dialect === 'postgresql' ? `'\\x${hex}'` : `x'${hex}'`
  }
  return quoted(Array.isArray(value) && dialect === 'postgresql' ? arrayText(value) : textOf(value))
}

const quoted = (text: string): string => `'${text.replaceAll(`'`, `''`)}'`

function textOf(value: unknown): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (typeof value === 'string') return value
  return JSON.stringify(value) ?? String(value)
}

/** PostgreSQL's text of an array, as pg makes it. */
function arrayText(values: readonly unknown[]): string {
  const parts = values.map((value) => {
    if (value === null || value === undefined) return 'NULL'
    if (Array.isArray(value)) return arrayText(value)
    const text = value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : textOf(value)
    return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  })
  return `{${parts.join(',')}}`
}

/** How many characters a literal will have, at least; nothing is made of it, because it may be huge. */
export function leastLength(value: unknown): number {
  if (typeof value === 'string') return value.length + 2
  if (value instanceof Uint8Array) return value.byteLength * 2 + 3
  if (Array.isArray(value)) return value.length * 2
  return 1
}
