// Numbers as people read them.

const few = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })
const some = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const none = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** @param {number} value */
const rounded = (value) => (value < 10 ? few : value < 100 ? some : none).format(value)

/**
 * A time in a unit that fits it.
 * @param {number | null} ms
 */
export function duration(ms) {
  if (ms === null) return '…'
  return ms < 10_000 ? `${rounded(ms)} ms` : `${rounded(ms / 1000)} s`
}

/**
 * `1 statement`, `2 statements`
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const counted = (count, one, many = `${one}s`) => `${none.format(count)} ${count === 1 ? one : many}`

/**
 * The time of day.
 * @param {string} iso
 */
export function clock(iso) {
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? iso : `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** @param {number} count */
export function bytes(count) {
  if (count < 1024) return counted(count, 'byte')
  return count < 1024 * 1024 ? `${some.format(count / 1024)} KiB` : `${some.format(count / 1024 / 1024)} MiB`
}

/**
 * The beginning of a long text.
 * @param {string} text
 * @param {number} limit
 */
export const clipped = (text, limit) => (text.length <= limit ? text : `${text.slice(0, limit)} …`)
