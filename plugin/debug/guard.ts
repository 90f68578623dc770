import type { FastifyRequest } from 'fastify'
import { isIPv4 } from 'node:net'

/** What tells that somebody else stands between: then a socket on this machine says nothing. */
const FORWARDING: readonly string[] = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'cf-connecting-ip', 'x-client-ip', 'true-client-ip']

/** What a socket tells, over HTTP/2 too. */
interface Peer {
  readonly remoteAddress?: string | undefined
  /** Undefined with `inject()`. */
  readonly localPort?: number | undefined
  readonly encrypted?: boolean
}

/**
 * Why a request to the panel is refused; undefined where it is let in. Who asks must sit at this machine, and know that it is this application that is asked: no
 * header makes it so, and each may only tell against it.
 */
export function refusalOf(request: FastifyRequest): string | undefined {
  const peer = request.raw.socket as Peer
  const { headers, method } = request
  if (!isLoopback(peer.remoteAddress)) return 'it comes from another machine. Ask from the one that the application runs on, or through a tunnel to it'
  const forwarding = FORWARDING.find((name) => headers[name] !== undefined)
  if (forwarding !== undefined) return `its header '${forwarding}' says that a proxy stands between, so that nobody knows where it comes from`
  const hosts = [headers.host, headers[':authority'], ...repeated(request.raw.rawHeaders, 'host')].filter((host) => host !== undefined).map(String)
  if (hosts.length === 0 || !hosts.every((host) => isOwnHost(host, peer))) {
    return `its Host is '${hosts.join(', ')}'. Ask for localhost, 127.0.0.1 or [::1], with the port that the application listens on`
  }
  const scheme = peer.encrypted === true ? 'https' : 'http'
  const { origin } = headers
  const site = headers['sec-fetch-site']
  if (origin !== undefined && origin !== `${scheme}://${hosts[0]!.toLowerCase()}`) return `its Origin is '${origin}', which is another site`
  if (method === 'GET' || method === 'HEAD') {
    const goes = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
    return site === undefined || site === 'same-origin' || site === 'none' || goes ? undefined : `another site asks for it (Sec-Fetch-Site: ${site})`
  }
  if (site === undefined ? origin === undefined : site !== 'same-origin') return `a ${method} must come from the panel's own page: send Origin, or Sec-Fetch-Site: same-origin`
  return undefined
}

/** IPv4 addresses come as IPv6 ones where the application listens on both. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  const plain = address.toLowerCase().replace(/^::ffff:/, '')
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'))
}

function isOwnHost(host: string, { localPort, encrypted = false }: Peer): boolean {
  const [, name, port] = /^(localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?$/i.exec(host) ?? []
  if (name === undefined) return false
  return localPort === undefined || Number(port ?? (encrypted ? 443 : 80)) === localPort
}

/** Node.js keeps the first of several. */
function repeated(rawHeaders: readonly string[] | undefined, name: string): string[] {
  return (rawHeaders ?? []).filter((_, index, all) => index % 2 === 1 && all[index - 1]!.toLowerCase() === name)
}
