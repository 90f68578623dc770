import type { IncomingHttpHeaders } from 'node:http'
import { isSecretName, MASK } from './names.ts'
import { maskText } from './text.ts'
import { maskUrl } from './url.ts'

/** Headers that have an address in them. */
const ADDRESSES: ReadonlySet<string> = new Set(['referer', 'origin', 'location', ':path', 'x-original-url', 'x-forwarded-uri', 'x-rewrite-url'])

/** Their names do not say so: tokens are put there where no other header can be set, or there is another reason. */
const SECRET: ReadonlySet<string> = new Set(['sec-websocket-protocol', 'dpop', 'x-forwarded-client-cert'])

/** More of a header is of no use to anybody. */
const LONGEST = 1000
const MOST = 100

/** The headers of a request, whose secrets are gone. */
export function maskHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const shown: [string, string][] = Object.entries(headers).slice(0, MOST).map(([name, value = '']) => {
    const text = Array.isArray(value) ? value.join(', ') : value
    return [name, SECRET.has(name) || isSecretName(name) ? MASK : cut(ADDRESSES.has(name) ? maskUrl(text) : maskText(text.slice(0, 2 * LONGEST)))]
  })
  return Object.fromEntries(shown)
}

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text)
