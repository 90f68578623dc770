// Bars on the time of a request. Their places are set through the style object, which a strict policy for content allows.
/** @import { RequestDetail, StatementRecord, TimelineEntry } from '../types.ts' */
import { h } from './dom.js'
import { colourOf, engineName } from './engine-colours.js'
import { duration } from './format.js'

/** @typedef {{ atMs: number, durationMs: number | null, engine: string | null, kind?: string }} Piece */

/**
 * How long the request took, or has taken so far.
 * @param {RequestDetail} request
 */
export function spanOf({ durationMs, records, timeline }) {
  const ends = [...records, ...timeline].map((piece) => piece.atMs + (piece.durationMs ?? 0))
  return ends.reduce((latest, end) => Math.max(latest, end), Math.max(durationMs ?? 0, 0.01))
}

/**
 * @param {Piece} piece
 * @param {number} span
 */
function bar({ atMs, durationMs, engine, kind = '' }, span) {
  const element = h('span', { class: `fill ${engine === null ? '' : colourOf(engine)} ${kind}` })
  const left = Math.min(Math.max(atMs / span, 0), 1)
  element.style.left = `${left * 100}%`
  element.style.width = `${Math.min((durationMs ?? span) / span, 1 - left) * 100}%`
  return element
}

/** @param {Piece} piece */
const inWords = ({ atMs, durationMs }) => `at ${duration(atMs)}, ${durationMs === null ? 'still running' : `for ${duration(durationMs)}`}`

/**
 * A statement as a piece.
 * @param {StatementRecord} record
 * @returns {Piece}
 */
export const pieceOf = ({ atMs, durationMs, engine, error }) => ({ atMs, durationMs, engine, kind: error === null ? '' : 'error' })

/**
 * @param {readonly Piece[]} pieces
 * @param {number} span
 */
export function waterfall(pieces, span) {
  return h('div', { class: 'fall', title: pieces.length === 1 ? pieces.map(inWords).join('') : null }, ...pieces.slice(0, 200).map((piece) => bar(piece, span)))
}

/**
 * From the beginning of a transaction to its end.
 * @param {TimelineEntry} begin
 * @param {TimelineEntry | null} end
 * @returns {Piece}
 */
const until = (begin, end) => ({ atMs: begin.atMs, durationMs: end === null ? null : end.atMs - begin.atMs, engine: null, kind: 'span' })

/**
 * The whole request at a glance: a lane for each engine, and marks where its transaction began and ended.
 * @param {RequestDetail} request
 */
export function overview(request) {
  const span = spanOf(request)
  const lanes = [...Map.groupBy(request.records, ({ engine }) => engine)].map(([engine, records]) =>
    h('div', { class: 'lane' }, engineName(engine),
      h('div', { class: 'fall' }, ...records.slice(0, 1000).map((record) => bar(pieceOf(record), span)))))
  const marks = request.timeline.filter(({ kind }) => kind === 'begin' || kind === 'commit' || kind === 'abort')
  const lane = h('div', { class: 'lane' }, h('span', { class: 'engine none' }, 'transaction'), h('div', { class: 'fall' },
    ...marks.flatMap((entry, index) => (entry.kind === 'begin' ? [bar(until(entry, marks[index + 1] ?? null), span)] : [])),
    ...marks.map((entry) => bar({ ...entry, engine: null, kind: entry.error === null ? entry.kind : 'abort' }, span))))
  return h('div', { class: 'overview', 'aria-hidden': 'true' }, ...lanes, marks.length > 0 && lane,
    h('div', { class: 'lane scale' }, h('span', { class: 'engine none' }), h('div', {},
      ...['0', duration(span / 2), duration(span)].map((at) => h('span', {}, at)))))
}
