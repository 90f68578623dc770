// A primary and its streaming replicas.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { ClusterMember, makeStandby } from './cluster-member.ts'
import { freePort, makeTraversable, newDirectory, servePostgres, startPostgres } from './postgres-server.ts'
import { TcpProxy } from './tcp-proxy.ts'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

export interface ClusterOptions {
  /** Default: 2. */
  readonly replicas?: number
  /** Of all servers. */
  readonly settings?: readonly string[]
  /** Whether a proxy stands between the primary and each replica, so that a replica can be cut off. */
  readonly proxies?: boolean
}

/** A replica that was away for long still finds what it has missed; nobody waits for a reconnection that comes every five seconds. */
const SETTINGS = ['wal_keep_size=1GB', 'wal_retrieve_retry_interval=100ms', 'max_wal_senders=20']

export class ReplicatedCluster {
  readonly primary: ClusterMember
  readonly replicas: readonly ClusterMember[]
  /** How long its start has taken. */
  readonly startedInMs: number

  private constructor(primary: ClusterMember, replicas: readonly ClusterMember[], startedInMs: number) {
    this.primary = primary
    this.replicas = replicas
    this.startedInMs = startedInMs
  }

  static async start(t: Teardown, { replicas: size = 2, settings = [], proxies = false }: ClusterOptions = {}): Promise<ReplicatedCluster> {
    const started = performance.now()
    const all = [...SETTINGS, ...settings]
    const primary = new ClusterMember('primary', await startPostgres(all), all)
    t.teardown(async () => await primary.remove())
    // One stop for all copies: a copy of a server at rest is a whole one.
    await primary.stop()
    const directories = await Promise.all(Array.from({ length: size }, async () => await copyOf(primary.directory)))
    await primary.start()
    const replicas = await Promise.all(directories.map(async (directory, index) => {
      const network = proxies ? await TcpProxy.start(primary.url) : undefined
      const replica = await startReplica(`replica ${index + 1}`, directory, network?.url ?? primary.url, all)
      replica.network = network
      t.teardown(async () => {
        await replica.remove()
        network?.stop()
      })
      return replica
    }))
    const cluster = new ReplicatedCluster(primary, replicas, performance.now() - started)
    await cluster.caughtUp()
    return cluster
  }

  /** @param port - as the server itself says it */
  at(port: number): ClusterMember {
    const member = [this.primary, ...this.replicas].find((member) => member.port === port)
    if (member === undefined) throw new Error(`no server of this cluster listens on ${port}`)
    return member
  }

  /** Resolves when these replicas have replayed all that the primary has written until now. */
  async caughtUp(replicas: readonly ClusterMember[] = this.replicas, primary: ClusterMember = this.primary): Promise<void> {
    const position = await primary.position()
    for (const replica of replicas) while (!(await replica.hasReplayed(position))) await sleep(5)
  }
}

/** With owners and modes, which PostgreSQL insists on. */
async function copyOf(directory: string): Promise<string> {
  const copy = newDirectory('replica')
  await makeTraversable(copy)
  await promisify(execFile)('cp', ['-a', '--reflink=auto', join(directory, 'data'), join(copy, 'data')])
  return copy
}

async function startReplica(name: string, directory: string, streamFrom: string, settings: readonly string[]): Promise<ClusterMember> {
  makeStandby(directory, streamFrom)
  return new ClusterMember(name, await servePostgres(directory, await freePort(), settings), settings)
}

/** A cluster that goes with the test. */
export async function replicatedCluster(t: Teardown, options?: ClusterOptions): Promise<ReplicatedCluster> {
  return await ReplicatedCluster.start(t, options)
}
