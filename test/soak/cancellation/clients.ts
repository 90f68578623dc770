// Clients that want an answer, and clients that leave.
import { createHash } from 'node:crypto'
import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../random.ts'
import { Tally } from '../tally.ts'
import { Times } from '../times.ts'
import { answering, leaving } from './service.ts'

const md5 = (n: number): string => createHash('md5').update(String(n)).digest('hex')

const codeOf = ({ code, message }: Error & { code?: string }): string => code ?? message

/** For how long they stay at most; it is as long as the longest work for them. */
const LEAVES_WITHIN_MS = 30

/** A request that has not come so far will not come any more. */
const UNHEARD_MS = 100

export class Clients {
  answered = 0
  left = 0
  /** Answers that were wrong, and errors, of those who stayed. */
  readonly wrong: string[] = []
  /** How the handlers of those who left have ended. */
  readonly ends = new Tally()
  /** How long after its client had left a handler was told, in ms. */
  readonly delays = new Times()
  port = 0
  readonly #random: Random
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #leftAt = new Map<number, number>()
  readonly #watched = new Map<number, { begun: () => void; told: (delay: number | undefined) => void }>()
  #numbers = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** Stays, and looks whether the answer is its own. */
  async stay(): Promise<void> {
    const n = ++this.#numbers
    const kind = this.#random.of(Object.keys(answering))
    const { status, body } = await this.#get(`/answering/${encodeURIComponent(kind)}/${n}/${this.#random.below(4) / 1000}`)
    this.answered++
    if (status !== 200 || body !== md5(n)) this.wrong.push(`${kind}: ${status} ${body}`)
  }

  async #get(path: string): Promise<{ status: number; body: string }> {
    return await new Promise((resolve) => {
      const outgoing = get({ port: this.port, host: '127.0.0.1', path, agent: this.#agent }, (incoming) => {
        let body = ''
        incoming.setEncoding('utf8').on('data', (part: string) => (body += part)).on('end', () => resolve({ status: incoming.statusCode!, body }))
      })
      outgoing.on('error', (error) => resolve({ status: 0, body: error.message }))
    })
  }

  /** Asks for something, and leaves at some moment: one in ten as soon as it has asked, the others when somebody is at work for them. */
  async leave(): Promise<void> {
    const kind = this.#random.of(Object.keys(leaving))
    const [seconds, afterMs] = [this.#random.below(LEAVES_WITHIN_MS) / 1000, this.#random.below(LEAVES_WITHIN_MS)]
    const atOnce = this.#random.chance(0.1)
    const { told } = await this.leaveWhen(async (begun) => await (atOnce ? sleep(afterMs / 10) : begun.then(async () => await sleep(afterMs))), kind, seconds)
    await Promise.race([told, sleep(UNHEARD_MS)]) // the server must keep up, or it hears of nobody before he has left
  }

  /**
   * @param moment - when to leave, given the moment when the handler begins
   * @returns how long after that the handler was told, in ms; undefined where it has ended otherwise
   */
  async leaveWhen(moment: (begun: Promise<void>) => Promise<unknown>, kind: string, seconds: number): Promise<{ told: Promise<number | undefined> }> {
    const n = ++this.#numbers
    const told = Promise.withResolvers<number | undefined>()
    const begun = Promise.withResolvers<void>()
    this.#watched.set(n, { begun: begun.resolve, told: told.resolve })
    const outgoing = get({ port: this.port, host: '127.0.0.1', path: `/leaving/${encodeURIComponent(kind)}/${n}/${seconds}`, agent: false })
    outgoing.on('error', () => {}).on('response', (incoming) => incoming.resume())
    await moment(begun.promise)
    this.#leftAt.set(n, performance.now())
    if (this.#random.chance(0.5)) outgoing.socket?.resetAndDestroy()
    outgoing.destroy()
    this.left++
    return { told: told.promise }
  }

  /** A handler has begun. */
  begun(n: number): void {
    this.#watched.get(n)?.begun()
  }

  /** The work of a request is over for its handler. */
  settled(n: number, error: unknown): void {
    const leftAt = this.#leftAt.get(n)
    const delay = error === undefined || leftAt === undefined ? undefined : performance.now() - leftAt
    this.#watched.get(n)?.told(delay)
    this.#watched.delete(n)
    this.#leftAt.delete(n)
    if (leftAt === undefined) return // its client stays, or has not left yet
    if (delay !== undefined) this.delays.add(delay)
    this.ends.add(error === undefined ? 'done' : codeOf(error as Error & { code?: string }))
  }

  close(): void {
    this.#agent.destroy()
  }
}
