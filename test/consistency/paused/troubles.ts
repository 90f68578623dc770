// What happens to the replicas while the clients watch: some of the requests in each.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../soak/random.ts'
import type { ClusterMember } from '../../support/cluster-member.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'
import type { Counter } from './counter.ts'

export interface Trouble {
  readonly name: string
  /** Of all requests. */
  readonly share: number
  /** The share of the replicas at least, in percent. */
  readonly fromReplicas: number
  /** Resolves to what ends it. */
  begin(cluster: ReplicatedCluster, scene: { readonly random: Random; readonly counter: Counter; readonly maxLagMs: number }): Promise<() => Promise<void>>
}

const first = ({ replicas }: ReplicatedCluster): ClusterMember => replicas[0]!

export const TROUBLES: readonly Trouble[] = [
  {
    name: 'one paused',
    share: 0.35,
    fromReplicas: 0,
    async begin(cluster) {
      await first(cluster).pause()
      return async () => await first(cluster).resume()
    },
  },
  {
    name: 'paused in turn',
    share: 0.35,
    fromReplicas: 0,
    async begin(cluster, { random }) {
      const turns = { over: false }
      const running = (async () => {
        while (!turns.over) {
          const replica = random.of(cluster.replicas)
          await replica.pause()
          await sleep(random.below(1500))
          await replica.resume()
        }
      })()
      return async () => {
        turns.over = true
        await running
      }
    },
  },
  {
    name: 'one cut off',
    share: 0.15,
    fromReplicas: 0,
    async begin(cluster) {
      first(cluster).cutOff()
      return async () => first(cluster).rejoin()
    },
  },
  {
    name: 'an idle primary',
    share: 0.15,
    fromReplicas: 95,
    async begin(cluster, { counter, maxLagMs }) {
      counter.idle(true)
      await cluster.caughtUp()
      for (const replica of cluster.replicas) while ((await ageOf(replica)) < 2 * maxLagMs) await sleep(20)
      return async () => counter.idle(false)
    },
  },
]

/** Of the last commit that was replayed, in ms: what a clock would take for lag. */
async function ageOf(replica: ClusterMember): Promise<number> {
  const [{ ms }] = await replica.query<[{ ms: number }]>('select (extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::float ms')
  return ms
}
