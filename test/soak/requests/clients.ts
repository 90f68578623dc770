// The clients: keep-alive HTTP/1.1, pipelined HTTP/1.1 and HTTP/2, and each of them may leave at any moment.
import { Agent } from 'node:http'
import { type Answer, exchange, type Wish } from '../exchange.ts'
import { Ledger } from '../ledger.ts'
import type { Random } from '../random.ts'
import { Tally } from '../tally.ts'
import { Http2Client } from './over-http2.ts'
import { pipelined } from './pipelined.ts'

const GETS = ['/read', '/line', '/slow', '/forgotten', '/throws', '/outlives', '/stream'] as const
const POSTS = ['/write', '/flush'] as const
const ABORTED = 0.3

export class Clients {
  requests = 0
  answered = 0
  left = 0
  /** Streams of an HTTP/2 session that one of them has destroyed. */
  takenDown = 0
  broken = 0
  readonly ledger = new Ledger()
  readonly errors = new Tally()
  readonly #http1: number
  readonly #random: Random
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #http2: Http2Client

  constructor({ http1, http2 }: { readonly http1: number; readonly http2: number }, random: Random) {
    this.#http1 = http1
    this.#http2 = new Http2Client(http2)
    this.#random = random
  }

  /** One exchange, or two that are pipelined. Resolves when it is over for the client, and never rejects. */
  async next(): Promise<void> {
    const leaves = this.#random.chance(ABORTED)
    const kind = this.#random.below(10)
    if (kind < 3) return await this.#overHttp1(this.#get(), leaves)
    if (kind < 5) return await this.#overHttp1(this.#post(), leaves)
    if (kind < 7) return await this.#pipelined(leaves)
    if (kind < 9) return await this.#overHttp2(this.#get(), leaves)
    return await this.#overHttp2(this.#post(), leaves)
  }

  close(): void {
    this.#agent.destroy()
    this.#http2.close()
  }

  async #overHttp1(wish: Wish, leaves: boolean): Promise<void> {
    this.requests++
    const midBody = leaves && wish.text !== undefined && this.#random.chance(0.3)
    const answer = await exchange(this.#http1, this.#agent, wish, leaves ? { midBody, soon: (leave) => this.#soon(leave) } : undefined)
    this.#note(answer, leaves, wish)
  }

  async #overHttp2(wish: Wish, leaves: boolean): Promise<void> {
    this.requests++
    const soon = (reset: () => void, destroy: () => void): void => this.#soon(this.#random.chance(0.02) ? destroy : reset)
    const answer = await this.#http2.exchange(wish, leaves ? soon : undefined)
    this.#note(answer, leaves, wish, answer.takenDown)
  }

  async #pipelined(leaves: boolean): Promise<void> {
    this.requests += 2
    const soon = this.#random.chance(0.5) ? 'resetAndDestroy' : 'destroy'
    const paths = [this.#get().path, this.#get().path] as const
    const answers = await pipelined(this.#http1, paths, leaves ? (socket) => this.#soon(() => socket[soon]()) : undefined)
    for (const number of [1, 2]) this.#note({ status: 0, whole: answers >= number }, leaves)
  }

  #get(): Wish {
    // Each '/raw' costs a connection, and a new one is slow.
    return { method: 'GET', path: this.#random.chance(0.01) ? '/raw' : this.#random.of(GETS) }
  }

  #post(): Wish {
    return { method: 'POST', path: this.#random.of(POSTS), text: this.ledger.next() }
  }

  /** Some leave in the same turn, before a byte was sent; most while the handler is at work; some after the answer. */
  #soon(leave: () => void): void {
    const when = this.#random.below(10)
    if (when === 0) leave()
    else if (when === 1) setImmediate(leave)
    else setTimeout(leave, this.#random.below(12))
  }

  #note({ status, whole, code }: Answer, leaves: boolean, { text }: Partial<Wish> = {}, takenDown = false): void {
    if (whole) this.answered++
    else if (leaves) this.left++
    else if (takenDown) this.takenDown++
    else this.broken++
    if (!whole) return
    if (text !== undefined) this.ledger.told(text, { status, code })
    if (status >= 400) this.errors.add(`${status} ${code ?? ''}`)
  }
}
