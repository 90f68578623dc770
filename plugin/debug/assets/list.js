// The requests, newest first, as they come.
/** @import { RequestFilter, RequestSummary } from '../types.ts' */
import { addressOf } from './address.js'
import { byId, fill, h, joined } from './dom.js'
import { engineName } from './engine-colours.js'
import { matches } from './filters.js'
import { clipped, clock, counted, duration } from './format.js'
import { mark, statusMark } from './words.js'

/** @typedef {{ summary: RequestSummary, item: HTMLLIElement, link: HTMLAnchorElement }} Row */

/** @type {Map<number, Row>} */
const rows = new Map()

/** @type {RequestFilter} */
let filter = {}
/** @type {number | null} */
let current = null
let limit = Infinity

/** @param {RequestSummary} request */
function content(request) {
  const { method, url, durationMs, statements, sqlMs, engines, transaction, slow, failed, nPlusOne, startedAt } = request
  const used = engines.filter(({ status }) => status !== 'INIT')
  return [
    h('span', { class: 'first' }, statusMark(request), h('span', { class: 'method' }, clipped(method, 40)),
      h('span', { class: 'path', title: clipped(url, 2000) }, clipped(url, 200)),
      h('span', { class: 'took' }, duration(durationMs))),
    h('span', { class: 'second' }, ...joined([
      clock(startedAt).slice(0, 8),
      statements === 0 ? 'no SQL' : h('span', {}, `${counted(statements, 'statement')}, ${duration(sqlMs)}`),
      used.length > 0 && h('span', {}, ...joined(used.map(({ name }) => engineName(name)), ' ')),
      transaction !== 'none' && transaction,
    ]), ...[
      failed > 0 && mark(`${failed} failed`, 'bad'),
      engines.some(({ notClosed }) => notClosed) && mark('not closed', 'bad'),
      slow > 0 && mark(`${slow} slow`, 'warn'),
      nPlusOne && mark('N+1', 'warn'),
    ].flatMap((one) => (one === false ? [] : [' ', one]))),
  ]
}

/**
 * A request has begun or ended.
 * @param {RequestSummary} summary
 */
export function putRequest(summary) {
  const before = rows.get(summary.id)
  const link = before?.link ?? h('a', { class: 'row', 'data-id': summary.id })
  const item = before?.item ?? h('li', {}, link)
  fill(link, ...content(summary))
  rows.set(summary.id, { summary, item, link })
  if (before === undefined) byId('list').insertBefore(item, following(summary.id))
  show(summary, item, link)
  while (rows.size > limit) drop(Math.min(...rows.keys()))
  tellCount()
}

/** @param {number} id */
function following(id) {
  for (const item of byId('list').children) if (Number(item.querySelector('a')?.dataset['id']) < id) return item
  return null
}

/** @param {number} id */
function drop(id) {
  rows.get(id)?.item.remove()
  rows.delete(id)
}

/**
 * All there are.
 * @param {readonly RequestSummary[]} all
 */
export function replaceRequests(all) {
  const ids = new Set(all.map(({ id }) => id))
  for (const id of rows.keys()) if (!ids.has(id)) drop(id)
  for (const summary of all.toReversed()) putRequest(summary)
  tellCount()
}

/**
 * @param {RequestSummary} summary
 * @param {HTMLLIElement} item
 * @param {HTMLAnchorElement} link
 */
function show(summary, item, link) {
  item.hidden = !matches(summary, filter)
  link.href = addressOf({ request: summary.id, view: null, filter })
  if (summary.id === current) link.setAttribute('aria-current', 'true')
  else link.removeAttribute('aria-current')
}

/**
 * Which ones are shown, and which one is looked at.
 * @param {{ filter: RequestFilter, request: number | null }} place
 */
export function showRequests(place) {
  filter = place.filter
  current = place.request
  for (const { summary, item, link } of rows.values()) show(summary, item, link)
  tellCount()
}

/** @param {number} max */
export function limitRequests(max) {
  limit = max
}

function tellCount() {
  const shown = [...rows.values()].filter(({ item }) => !item.hidden).length
  byId('count').textContent = shown === rows.size ? counted(rows.size, 'request') : `${shown} of ${counted(rows.size, 'request')}`
  const none = byId('no-requests')
  if (shown > 0) fill(none)
  else if (rows.size > 0) fill(none, h('p', {}, `None of the ${rows.size} requests is one of these.`), h('button', { type: 'button' }, 'Show all'))
  else fill(none, h('p', {}, 'No requests yet. Make one to the application: it appears here when it begins.'))
}

/**
 * Moves the focus up or down the list.
 * @param {number} by
 */
export function moveFocus(by) {
  const links = [...document.querySelectorAll('#list li:not([hidden]) a')].filter((link) => link instanceof HTMLElement)
  const focused = links.indexOf(/** @type {HTMLElement} */ (document.activeElement))
  const from = focused >= 0 ? focused : links.findIndex((link) => link.hasAttribute('aria-current'))
  const next = from < 0 ? 0 : Math.min(Math.max(from + by, 0), links.length - 1)
  links[next]?.focus()
}

/** The engines and methods that there were, to be filtered by. */
export const seen = () => ({
  methods: [...new Set([...rows.values()].map(({ summary }) => summary.method))],
  engines: [...new Set([...rows.values()].flatMap(({ summary }) => summary.engines.map(({ name }) => name)))],
})
