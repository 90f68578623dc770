// What is looked at is in the address of the page: it can be kept, sent to a colleague, and left with the back button.
/** @import { RequestFilter } from '../types.ts' */

/** @typedef {{ request: number | null, view: string | null, tab: string | null, filter: RequestFilter }} Place */

const FILTERS = /** @type {const} */ (['method', 'path', 'status', 'engine'])

/** @returns {Place} */
export function place() {
  const query = new URLSearchParams(location.search)
  const id = Number(query.get('request'))
  /** @type {Record<string, string>} */
  const filter = {}
  for (const name of FILTERS) {
    const value = query.get(name)
    if (value) filter[name] = value
  }
  return { request: Number.isSafeInteger(id) && id > 0 ? id : null, view: query.get('view'), tab: query.get('tab'), filter }
}

/**
 * The address of a place, where some of it is another.
 * @param {Partial<Place>} change
 */
export function addressOf(change) {
  const { request, view, tab, filter } = { ...place(), ...change }
  const query = new URLSearchParams()
  if (request !== null) query.set('request', String(request))
  if (view !== null) query.set('view', view)
  if (tab !== null) query.set('tab', tab)
  for (const name of FILTERS) if (filter[name]) query.set(name, filter[name])
  return `?${query}`
}

/**
 * Goes there: another request is a step for the back button, another filter is not.
 * @param {Partial<Place>} change
 */
export function go(change) {
  const address = addressOf(change)
  if ('request' in change || 'view' in change) history.pushState(null, '', address)
  else history.replaceState(null, '', address)
}
