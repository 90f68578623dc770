// What happened, in order: begin, flush, savepoints, hooks and the end, with the statements between them.
/** @import { RequestDetail, StatementRecord, TimelineEntry } from '../types.ts' */
import { h } from './dom.js'
import { engineName } from './engine-colours.js'
import { clipped, duration } from './format.js'
import { kept, keep } from './kept.js'
import { inOneLine } from './sql.js'
import { plainTable } from './table.js'
import { pieceOf, spanOf, waterfall } from './waterfall.js'
import { empty, mark } from './words.js'

/** @type {Partial<Record<TimelineEntry['kind'], string>>} */
const KINDS = { begin: 'info', commit: 'good', abort: 'bad', cancel: 'warn', leak: 'bad' }

/** @param {RequestDetail} request */
export function timeline(request) {
  const element = h('section', { 'aria-label': 'Timeline' })
  const render = () => element.replaceChildren(...content(request, render))
  render()
  return element
}

/**
 * @param {RequestDetail} request
 * @param {() => void} render
 */
function content(request, render) {
  const span = spanOf(request)
  const withStatements = kept('timeline') !== 'alone'
  const box = h('input', { type: 'checkbox', checked: withStatements, onchange: () => { keep('timeline', box.checked ? 'all' : 'alone'); render() } })
  const tools = h('div', { class: 'tools' }, h('label', {}, box, ' With statements'))
  const pieces = [...request.timeline, ...(withStatements ? request.records : [])].toSorted((one, other) => one.atMs - other.atMs)
  const why = request.transaction === 'none' ? 'This request had no transaction over its engines, and no flush.' : 'Nothing was kept of its transaction.'
  const none = request.timeline.length === 0 && empty(why)
  if (pieces.length === 0) return [...(none === false ? [] : [none]), ...(request.records.length > 0 ? [tools] : [])]
  const table = plainTable('Timeline', [['At', 'num'], ['What'], ['Engine', 'on'], ['Event', 'wide'], ['Took', 'num'], ['When', 'when']],
    pieces.map((piece) => ('sql' in piece ? statementLine(piece, span) : entryLine(piece, span))))
  return [...(none === false ? [] : [none]), tools, table]
}

/**
 * @param {TimelineEntry} entry
 * @param {number} span
 */
const entryLine = (entry, span) => [
  duration(entry.atMs), mark(entry.kind, entry.error === null ? (KINDS[entry.kind] ?? 'info') : 'bad'), entry.engine === null ? '' : engineName(entry.engine),
  h('div', { class: 'told-of' }, h('strong', {}, clipped(entry.text, 2000)),
    entry.error !== null && h('p', { class: 'error' }, clipped(entry.error, 2000))),
  entry.durationMs > 0 ? duration(entry.durationMs) : '', waterfall([{ ...entry, kind: entry.error === null ? entry.kind : 'error' }], span),
]

/**
 * @param {StatementRecord} record
 * @param {number} span
 */
const statementLine = (record, span) => [
  duration(record.atMs), h('span', { class: 'muted' }, `#${record.n}`), engineName(record.engine),
  h('div', {}, inOneLine(record.sql), record.error !== null && h('p', { class: 'error' }, clipped(record.error, 2000))),
  duration(record.durationMs), waterfall([pieceOf(record)], span),
]
