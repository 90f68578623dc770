import type { RequestFilter, RequestSummary } from './types.ts'

/** Whether a request is among those that are asked for. */
export function matches({ method, url, statusCode, engines }: RequestSummary, filter: RequestFilter): boolean {
  if (filter.method && method.toLowerCase() !== filter.method.toLowerCase()) return false
  if (filter.path && !url.toLowerCase().includes(filter.path.toLowerCase())) return false
  if (filter.status && !hasStatus(statusCode, filter.status)) return false
  return !filter.engine || engines.some(({ name, status }) => name === filter.engine && status !== 'INIT')
}

function hasStatus(code: number | null, wanted: string): boolean {
  const start = wanted.trim().toLowerCase().replace(/x+$/, '')
  return start === '' || (code !== null && String(code).startsWith(start))
}
