// Who has answered, as the servers say it themselves, and whether the package has told the same.
import type { ReplicatedCluster } from '../support/replicated-cluster.ts'
import { Tally } from '../soak/tally.ts'
import type { Report } from '../soak/report.ts'
import { Times } from '../soak/times.ts'
import type { Answer } from './client.ts'

export class Sources {
  readonly waits = new Times()
  /** How often it was told who answers, and how often that was not so. */
  told = 0
  untrue = 0
  readonly #cluster: ReplicatedCluster
  readonly #servers = new Tally()
  readonly #reasons = new Tally()

  constructor(cluster: ReplicatedCluster) {
    this.#cluster = cluster
  }

  add({ reads, routes }: Answer): void {
    for (const { port } of reads) if (port !== null) this.#servers.add(this.#cluster.at(port).name)
    for (const { server, why, waitedMs } of routes) {
      this.#reasons.add(`${server === 'writer' ? 'writer' : 'replica'}: ${why.replaceAll(/[\dA-F]+\/[\dA-F]+ on timeline \d+/g, 'POSITION')}`)
      this.waits.add(waitedMs)
    }
    this.#compare(reads.findLast(({ port }) => port !== null)?.port, routes.at(-1)?.server)
  }

  /** Of all reads, in percent. */
  get replicaShare(): number {
    const all = [...this.#servers.values()].reduce((sum, count) => sum + count, 0)
    return all === 0 ? 0 : (100 * (all - (this.#servers.get('primary') ?? 0))) / all
  }

  get servers(): ReadonlyMap<string, number> {
    return this.#servers
  }

  /** "Why this engine" must be true, and be told. */
  report(report: Report, what: string): void {
    report.tally(`${what}, answered by`, this.#servers)
    report.figure(`${what}, share of the replicas`, `${this.replicaShare.toFixed(1)} %`)
    report.tally(`${what}, why`, this.#reasons)
    report.figure(`${what}, waited`, this.waits)
    report.promise(`${what}: the server that is told is the one that has answered`, this.untrue === 0 && this.told > 0, `${this.untrue} of ${this.told} untrue`)
  }

  #compare(port: number | null | undefined, server: string | undefined): void {
    if (port == null || server === undefined) return
    this.told++
    if (this.#cluster.at(port).name !== (server === 'writer' ? 'primary' : server)) this.untrue++
  }
}
