// The panel's JSON, as described in types.ts. Where it is follows from where this file is.
/** @import { EngineRecord, PanelInfo, RequestDetail, RequestSummary } from '../types.ts' */

const base = new URL('../api/', import.meta.url)

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
async function ask(path, options) {
  const response = await fetch(new URL(path, base), { headers: { accept: 'application/json' }, cache: 'no-store', ...options })
  const text = await response.text()
  const body = text === '' ? null : JSON.parse(text)
  if (response.ok) return body
  const { code, message } = body?.error ?? {}
  throw Object.assign(new Error(message ?? `the application answered ${response.status} ${response.statusText}`), { code })
}

/** @returns {Promise<PanelInfo>} */
export const getInfo = () => ask('info')

/** @returns {Promise<EngineRecord[]>} */
export const getEngines = () => ask('engines')

/** @returns {Promise<RequestSummary[]>} */
export const getRequests = () => ask('requests')

/**
 * @param {number} id
 * @returns {Promise<RequestDetail>}
 */
export const getRequest = (id) => ask(`requests/${id}`)

export const clearRequests = () => ask('requests', { method: 'DELETE' })

/**
 * @param {number} id
 * @param {number} n
 * @returns {Promise<{ plan: string }>}
 */
export const explain = (id, n) => ask(`requests/${id}/statements/${n}/explain`, { method: 'POST' })

/**
 * Requests as they begin and end, for as long as the page is there; the browser connects again by itself.
 * @param {{ opened: () => void, lost: () => void, request: (summary: RequestSummary) => void }} listener
 */
export function listen({ opened, lost, request }) {
  const source = new EventSource(new URL('live', base))
  source.addEventListener('open', opened)
  source.addEventListener('error', () => {
    lost()
    // A refusal is for good to the browser; the application may have been started again since.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen({ opened, lost, request }), 2000)
  })
  source.addEventListener('request', (event) => request(JSON.parse(event.data)))
}
