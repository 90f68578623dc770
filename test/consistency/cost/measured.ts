// What one variant has cost so far.
import { Times } from '../../soak/times.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'
import { Client } from '../client.ts'
import { Sources } from '../sources.ts'
import type { Variant } from './variants.ts'

export class Measured {
  readonly variant: Variant
  readonly took = new Times()
  readonly sources: Sources
  failures = 0
  #cpuMs = 0
  readonly #client = new Client()

  constructor(variant: Variant, cluster: ReplicatedCluster) {
    this.variant = variant
    this.sources = new Sources(cluster)
  }

  /** One request after the other, on one connection. */
  async block(port: number, size: number): Promise<void> {
    await this.variant.prepare(this.#client, port)
    await this.variant.read(this.#client, port)
    const before = await cpuMs(port)
    for (let n = 0; n < size; n++) {
      const answer = await this.variant.read(this.#client, port)
      if (answer.status !== 200) this.failures++
      this.took.add(answer.tookMs)
      this.sources.add(answer)
    }
    this.#cpuMs += (await cpuMs(port)) - before
  }

  close(): void {
    this.#client.close()
  }

  /** Latency, and CPU of the service, a request. */
  toString(): string {
    const us = (share: number): string => `${this.took.at(share).toFixed(2)} ms`
    return `p50 ${us(0.5)}, p99 ${us(0.99)}, CPU ${(this.#cpuMs / this.took.size).toFixed(2)} ms`
  }
}

async function cpuMs(port: number): Promise<number> {
  return ((await (await fetch(`http://127.0.0.1:${port}/cpu`)).json()) as { ms: number }).ms
}
