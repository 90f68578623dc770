// Ways in which a replica comes to be the primary, and what becomes of the old one.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterMember } from '../../support/cluster-member.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'
import type { Load } from './load.ts'

export interface Change {
  readonly name: string
  /** Whether every COMMIT waits for both replicas, so that none can be lost. */
  readonly synchronous: boolean
  /** Whether the other replica follows the new primary. */
  readonly repoints: boolean
  /** The old primary ends, or is made to. */
  end(cluster: ReplicatedCluster, load: Load): Promise<void>
  /** It is there again, on its old timeline, and accepts writes. Undefined where it has become a standby. */
  returns?(old: ClusterMember): Promise<void>
  /** It follows the new one. */
  follows?(old: ClusterMember, url: string): Promise<void>
}

const asynchronous = async (old: ClusterMember): Promise<void> => await old.set('synchronous_standby_names', '')

async function startAlone(old: ClusterMember): Promise<void> {
  await old.start()
  await asynchronous(old)
}

export const CHANGES: readonly Change[] = [
  { name: 'primary killed', synchronous: true, repoints: true, end: async ({ primary }) => await primary.kill(), returns: startAlone },
  {
    name: 'primary made read-only',
    synchronous: true,
    repoints: true,
    async end({ primary }) {
      await primary.setReadOnly(true)
      while ((await primary.query(`select from pg_stat_activity where backend_type = 'client backend' and backend_xid is not null`)).length > 0) await sleep(5)
    },
    async returns(old) {
      await asynchronous(old)
      await old.setReadOnly(false)
    },
  },
  {
    name: 'switchover',
    synchronous: true,
    repoints: true,
    end: async ({ primary }) => await primary.stop(),
    async follows(old, url) {
      await old.startAsStandbyOf(url)
      await asynchronous(old)
    },
  },
  {
    // What it has replayed has higher numbers than what the new primary writes, on another timeline: numbers alone would lie.
    name: 'the other replica is ahead, on the old timeline',
    synchronous: false,
    repoints: false,
    async end({ primary, replicas }, load) {
      replicas[0]!.cutOff()
      await load.goesOn(500)
      await primary.query(`select pg_logical_emit_message(false, 'ahead', repeat('x', 1000000))`)
      const position = await primary.position()
      while (!(await replicas[1]!.hasReplayed(position))) await sleep(5)
      await primary.kill()
    },
    returns: startAlone,
  },
]
