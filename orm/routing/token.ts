import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { InvalidOptionsError } from '../errors.ts'
import type { Position } from './position.ts'

/** A position takes 20 bytes: the system identifier, the timeline, the LSN. */
const POSITION_BYTES = 20
const SIGNATURE_BYTES = 16

/** Of so many clusters a token can speak; whoever has seen more is taken to have seen anything. */
const MOST_POSITIONS = 8

/** Nobody knows what the client has seen. */
const UNKNOWN = 1
const VERSION = 1
const SHORTEST_SECRET = 32
const LONGEST_TOKEN = 400

/**
 * Signs what a client has seen, so that it can carry it: a token says `version, flags, positions` and ends with a signature (HMAC with SHA-256, 16 bytes), in
 * base64url. A client could do no worse with a token of its own making than to have its reads answered by the primary; the signature keeps it from that as well.
 */
export class Tokens {
  readonly #secrets: readonly (string | Uint8Array)[]

  /** @param secrets - the first one signs, all are believed; undefined for one that only this process knows */
  constructor(secrets: readonly (string | Uint8Array)[] | undefined) {
    this.#secrets = secrets ?? [randomBytes(SHORTEST_SECRET)]
  }

  encode(positions: readonly Position[], unknown: boolean): string {
    const tooMany = positions.length > MOST_POSITIONS
    const body = Buffer.alloc(2 + (tooMany ? 0 : positions.length) * POSITION_BYTES)
    body[0] = VERSION
    body[1] = unknown || tooMany ? UNKNOWN : 0
    if (!tooMany) for (const [index, position] of positions.entries()) write(body, 2 + index * POSITION_BYTES, position)
    return Buffer.concat([body, sign(body, this.#secrets[0]!)]).toString('base64url')
  }

  /** @returns undefined for what is no token of ours, and for one that says that nobody knows */
  decode(token: unknown): Position[] | undefined {
    if (typeof token !== 'string' || token.length > LONGEST_TOKEN || !/^[\w-]+$/.test(token)) return undefined
    const bytes = Buffer.from(token, 'base64url')
    const body = bytes.subarray(0, -SIGNATURE_BYTES)
    const signature = bytes.subarray(body.length)
    if (body.length < 2 || (body.length - 2) % POSITION_BYTES !== 0) return undefined
    if (!this.#secrets.some((secret) => timingSafeEqual(sign(body, secret), signature))) return undefined
    if (body[0] !== VERSION || body[1] !== 0) return undefined
    return Array.from({ length: (body.length - 2) / POSITION_BYTES }, (_, index) => read(body, 2 + index * POSITION_BYTES))
  }
}

const sign = (body: Uint8Array, secret: string | Uint8Array): Buffer => createHmac('sha256', secret).update('fastify-sqlassist token').update(body).digest().subarray(0, SIGNATURE_BYTES)

function write(body: Buffer, at: number, { system, timeline, lsn }: Position): void {
  body.writeBigInt64BE(BigInt(system), at)
  body.writeUInt32BE(timeline, at + 8)
  body.writeBigUInt64BE(lsn, at + 12)
}

function read(body: Buffer, at: number): Position {
  return { system: body.readBigInt64BE(at).toString(), timeline: body.readUInt32BE(at + 8), lsn: body.readBigUInt64BE(at + 12) }
}

/** What tokens of consistency are signed with. */
export type TokenSecret = string | Uint8Array | readonly (string | Uint8Array)[]

/** @throws InvalidOptionsError, which does not show it */
export function assertTokenSecret(where: string, secret: unknown): asserts secret is TokenSecret | undefined {
  if (secret === undefined) return
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  const fits = secrets.every((one) => (typeof one === 'string' || one instanceof Uint8Array) && one.length >= SHORTEST_SECRET)
  if (!fits || secrets.length === 0) throw new InvalidOptionsError(where, `must be a text of at least ${SHORTEST_SECRET} characters, or several, of which the first one signs (not shown)`)
}

export const secretsOf = (secret: TokenSecret | undefined): readonly (string | Uint8Array)[] | undefined =>
  secret === undefined || typeof secret === 'string' || secret instanceof Uint8Array ? (secret === undefined ? undefined : [secret]) : secret
