import type { FastifyReply, FastifyRequest } from 'fastify'
import { InvalidOptionsError, type TokenOptions } from '../orm/index.ts'
import { assertKnownOptions, assertTimeout, isPlainObject } from '../orm/validation.ts'

/** How clients carry what they have seen from one request to the next. */
export interface ClientTokenOptions extends TokenOptions {
  /**
   * `'cookie'` (default): browsers carry it by themselves; `'header'`: a header of that name in replies, which the client sends with its later requests;
   * `'none'`: only what the application does with `$token()` and `after`.
   */
  readonly transport?: 'cookie' | 'header' | 'none'
  /** Of the header; names of cookies begin with it. Default: `'sqlassist-after'`. */
  readonly name?: string
  /** How long a cookie is kept, in ms; replicas that are further behind need it for longer. Default: 1 hour. */
  readonly maxAgeMs?: number
  /** The domain of the cookie. Default: the host that answers. */
  readonly domain?: string
  /** The path of the cookie. Default: `'/'`. */
  readonly path?: string
  /** `SameSite` of the cookie. Default: `'lax'`. */
  readonly sameSite?: 'lax' | 'strict' | 'none'
  /** Whether the cookie is sent over HTTPS only. Default: as the request was (`trustProxy` of Fastify says how it was); with `sameSite: 'none'` true. */
  readonly secure?: boolean
}

const KNOWN: ReadonlySet<string> = new Set(['secret', 'transport', 'name', 'maxAgeMs', 'domain', 'path', 'sameSite', 'secure'])
const DEFAULT_NAME = 'sqlassist-after'
const DEFAULT_MAX_AGE_MS = 3_600_000

/** So many characters of a token, of its signature, tell it from others. */
const OWN_PART = 10

/** Nobody has that many answers on their way; who sends more gets rid of them one after another. */
const MOST_COOKIES = 50

/** A token of RFC 9110: what the names of headers and of cookies are made of. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/

/** Text that stays within an attribute of a cookie. */
const ATTRIBUTE = /^[!-:<-~]+$/

/**
 * @param readyMade - the application has made its SqlAssist itself, and has told that the secret
 * @throws InvalidOptionsError
 */
export function assertClientToken(options: unknown, readyMade: boolean): asserts options is ClientTokenOptions {
  const where = 'consistencyToken'
  if (!isPlainObject(options)) throw new InvalidOptionsError(where, `must be an object such as { secret, transport: 'cookie' }`)
  assertKnownOptions(options, KNOWN, `${where}.`)
  const { secret, transport, name, maxAgeMs, domain, path, sameSite, secure } = options
  const refuse = (option: string, problem: string): never => {
    throw new InvalidOptionsError(`${where}.${option}`, problem)
  }
  if (secret !== undefined && readyMade) refuse('secret', `goes with 'engines'; give it to createSqlAssist()`)
  if (transport !== undefined && !['cookie', 'header', 'none'].includes(transport as string)) refuse('transport', `must be 'cookie', 'header' or 'none'`)
  if (name !== undefined && !(typeof name === 'string' && NAME.test(name))) refuse('name', 'must be the name of a cookie or header')
  assertTimeout(`${where}.maxAgeMs`, maxAgeMs)
  if (maxAgeMs === 0) refuse('maxAgeMs', `must be more than 0: transport: 'none' is what carries nothing`)
  for (const [option, value] of Object.entries({ domain, path })) {
    if (value !== undefined && !(typeof value === 'string' && ATTRIBUTE.test(value))) refuse(option, 'must be a text that a cookie can have')
  }
  if (sameSite !== undefined && !['lax', 'strict', 'none'].includes(sameSite as string)) refuse('sameSite', `must be 'lax', 'strict' or 'none'`)
  if (secure !== undefined && typeof secure !== 'boolean') refuse('secure', 'must be true or false')
  if (secure === false && sameSite === 'none') refuse('secure', `must not be false with sameSite: 'none': browsers keep no such cookie`)
}

/** Carries tokens in cookies or headers. */
export class ClientToken {
  readonly #options: ClientTokenOptions
  readonly #name: string
  readonly #header: string

  constructor(options: ClientTokenOptions) {
    this.#options = options
    this.#name = options.name ?? DEFAULT_NAME
    this.#header = this.#name.toLowerCase()
  }

  get carried(): boolean {
    return this.#options.transport !== 'none'
  }

  /** What the client has brought, whatever that is. An empty cookie is one that was deleted, of a client that keeps it all the same. */
  read(request: FastifyRequest): string[] {
    if (this.#options.transport === 'none') return []
    if (this.#options.transport === 'cookie' || this.#options.transport === undefined) return this.#cookies(request).flatMap(({ value }) => (value === '' ? [] : value))
    return [request.headers[this.#header] ?? []].flat().flatMap((header) => header.split(',').map((token) => token.trim())).filter((token) => token !== '')
  }

  /**
   * Gives the client a token in the place of all that it has brought. Each has a cookie of its own: answers overtake each other, and an older one that comes last
   * must not take the place of a newer one. What the client has brought is older than this in any case.
   */
  write(request: FastifyRequest, reply: FastifyReply, token: string): void {
    if (this.#options.transport === 'header') return void reply.header(this.#name, token)
    const overTls = request.protocol === 'https'
    const own = `${this.#name}-${token.slice(-OWN_PART)}`
    const cookies = this.#cookies(request).filter(({ name }) => name !== own).slice(0, MOST_COOKIES).map(({ name }) => this.#cookie(name, '', 0, overTls))
    void reply.header('set-cookie', [this.#cookie(own, token, this.#options.maxAgeMs ?? DEFAULT_MAX_AGE_MS, overTls), ...cookies])
  }

  #cookies(request: FastifyRequest): { readonly name: string; readonly value: string }[] {
    return cookiesIn(request.headers.cookie).filter(({ name }) => name.startsWith(`${this.#name}-`) && NAME.test(name))
  }

  #cookie(name: string, value: string, maxAgeMs: number, overTls: boolean): string {
    const { domain, path = '/', sameSite = 'lax', secure = overTls || sameSite === 'none' } = this.#options
    const parts = [`${name}=${value}`, `Max-Age=${Math.ceil(maxAgeMs / 1000)}`, `Path=${path}`, 'HttpOnly', `SameSite=${sameSite[0]!.toUpperCase()}${sameSite.slice(1)}`]
    if (domain !== undefined) parts.push(`Domain=${domain}`)
    if (secure) parts.push('Secure')
    return parts.join('; ')
  }
}

function cookiesIn(header = ''): { readonly name: string; readonly value: string }[] {
  return header.split(';').flatMap((pair) => {
    const equals = pair.indexOf('=')
    return equals === -1 ? [] : [{ name: pair.slice(0, equals).trim(), value: pair.slice(equals + 1).trim().replace(/^"(.*)"$/, '$1') }]
  })
}
