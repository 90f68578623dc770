// Reads on many connections that are kept alive, one after the other on each.
import type { Random } from '../../soak/random.ts'
import { Tally } from '../../soak/tally.ts'
import { Times } from '../../soak/times.ts'
import { Client } from '../client.ts'
import { COUNTER } from '../service/item.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'

const CONNECTIONS = 32
/** How many answers say who answers just now. */
const WINDOW = 300

const KINDS = ['session', 'session', 'eventual', 'bounded', 'slow'] as const

export class Load {
  readonly failed = new Tally()
  readonly took = new Times()
  answered = 0
  #over = false
  #recent: string[] = []
  readonly #lanes: Promise<void>[]

  constructor(cluster: ReplicatedCluster, ports: readonly number[], random: Random) {
    this.#lanes = Array.from({ length: CONNECTIONS }, async () => {
      const client = new Client()
      while (!this.#over) {
        const answer = await client.read(random.of(ports), random.of(KINDS), { id: COUNTER, times: 2 })
        this.took.add(answer.tookMs)
        const ports_ = answer.reads.map(({ port }) => port)
        if (answer.status !== 200 || ports_.length !== 2 || ports_.includes(null)) this.failed.add(`${answer.status} ${answer.code}`)
        else {
          this.answered++
          this.#recent.push(cluster.at(ports_[1]!).name)
          if (this.#recent.length > WINDOW) this.#recent.shift()
        }
      }
      client.close()
    })
  }

  get failures(): number {
    return [...this.failed.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Of the answers just now, 0 to 1. */
  share(server: string): number {
    return this.#recent.length < WINDOW ? 0 : this.answersOf(server) / WINDOW
  }

  /** How many of the answers just now are of a server. */
  answersOf(server: string): number {
    return this.#recent.filter((name) => name === server).length
  }

  get shares(): string {
    return ['replica 1', 'replica 2', 'primary'].map((name) => `${name} ${Math.round(this.share(name) * 100)} %`).join(', ')
  }

  forgetShares(): void {
    this.#recent = []
  }

  async stop(): Promise<void> {
    this.#over = true
    await Promise.all(this.#lanes)
  }
}
