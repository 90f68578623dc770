// Which requests are shown. The same rules as the server's, applied here: the list is short, and nobody waits.
/** @import { RequestFilter, RequestSummary } from '../types.ts' */
import { field, fill, h } from './dom.js'

/**
 * @param {RequestSummary} request
 * @param {RequestFilter} filter
 */
export function matches({ method, url, statusCode, engines }, filter) {
  if (filter.method && method.toLowerCase() !== filter.method.toLowerCase()) return false
  if (filter.path && !url.toLowerCase().includes(filter.path.toLowerCase())) return false
  if (filter.status && !hasStatus(statusCode, filter.status)) return false
  return !filter.engine || engines.some(({ name, status }) => name === filter.engine && status !== 'INIT')
}

/**
 * @param {number | null} code
 * @param {string} wanted
 */
function hasStatus(code, wanted) {
  const pattern = wanted.trim().toLowerCase().replace(/x+$/, '')
  return pattern === '' || (code !== null && String(code).startsWith(pattern))
}

/** @returns {RequestFilter} */
export function filterOfFields() {
  return {
    ...(field('filter-method').value && { method: field('filter-method').value }),
    ...(field('filter-path').value && { path: field('filter-path').value }),
    ...(field('filter-status').value && { status: field('filter-status').value }),
    ...(field('filter-engine').value && { engine: field('filter-engine').value }),
  }
}

/**
 * Shows a filter, with what can be chosen.
 * @param {RequestFilter} filter
 * @param {{ methods: readonly string[], engines: readonly string[] }} choices
 */
export function fillFields(filter, { methods, engines }) {
  choose('filter-method', 'All methods', methods, filter.method)
  choose('filter-engine', 'All engines', engines, filter.engine)
  if (field('filter-path').value !== (filter.path ?? '')) field('filter-path').value = filter.path ?? ''
  if (field('filter-status').value !== (filter.status ?? '')) field('filter-status').value = filter.status ?? ''
}

/**
 * @param {string} id
 * @param {string} all
 * @param {readonly string[]} choices
 * @param {string | undefined} chosen
 */
function choose(id, all, choices, chosen) {
  const select = field(id)
  const names = [...new Set(chosen ? [...choices, chosen] : choices)].toSorted()
  const there = [...select.querySelectorAll('option')].slice(1).map((option) => option.value)
  if (there.join('\n') !== names.join('\n') || select.children.length === 0) {
    fill(select, h('option', { value: '' }, all), ...names.map((name) => h('option', { value: name }, name)))
  }
  if (select.value !== (chosen ?? '')) select.value = chosen ?? ''
}
