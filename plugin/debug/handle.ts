import type { FastifyReply } from 'fastify'
import type { RequestRecord } from './recording/request-record.ts'

/** How it looks where inline styles are allowed; else it is a plain line at the end of the page. */
const STYLE = ' style="position:fixed;right:8px;bottom:8px;z-index:2147483647;padding:4px 8px;border-radius:4px;font:12px/1.4 system-ui,sans-serif;background:#1f2937;color:#fff;text-decoration:none"'

/** What says that a body must arrive as it is. */
const LEFT_ALONE: readonly string[] = ['content-encoding', 'content-range', 'content-md5', 'digest', 'content-digest', 'repr-digest']

/**
 * An HTML page with a link to its record before the end of its body. It takes no script and, under a Content-Security-Policy, no style. Streams, encoded bodies
 * and pieces of pages stay as they are.
 */
export function withHandle(reply: FastifyReply, payload: unknown, record: RequestRecord, address: string): unknown {
  const type = String(reply.getHeader('content-type') ?? '')
  if (!/^text\/html\s*(?:;|$)/i.test(type) || /charset=["']?utf-?(?:16|32)/i.test(type)) return payload
  if (LEFT_ALONE.some((name) => reply.hasHeader(name)) || /no-transform/i.test(String(reply.getHeader('cache-control') ?? ''))) return payload
  const isText = typeof payload === 'string'
  if (!isText && !Buffer.isBuffer(payload)) return payload
  const html = isText ? payload : payload.toString('latin1') // every byte stays what it is
  const end = /<\/body\s*>(?![^]*<\/body\s*>)/i.exec(html)
  if (end === null) return payload
  const hasPolicy = reply.hasHeader('content-security-policy') || /<meta[^>]+content-security-policy/i.test(html)
  const changed = html.slice(0, end.index) + handleOf(record, address, hasPolicy ? '' : STYLE) + html.slice(end.index)
  if (reply.hasHeader('content-length')) reply.header('content-length', Buffer.byteLength(changed, isText ? 'utf8' : 'latin1'))
  return isText ? changed : Buffer.from(changed, 'latin1')
}

function handleOf({ statements: { count, sqlMs } }: RequestRecord, address: string, style: string): string {
  return `<a href="${address}" target="_blank" rel="noopener"${style}>${count} SQL, ${sqlMs.toFixed(1)} ms</a>`
}
