// How a replica can die.
import type { ClusterMember } from '../../support/cluster-member.ts'

export interface Death {
  readonly name: string
  readonly victims: 'one' | 'all'
  kill(replica: ClusterMember): Promise<void> | void
  revive(replica: ClusterMember): Promise<void> | void
}

const kill = async (replica: ClusterMember): Promise<void> => await replica.kill()
const revive = async (replica: ClusterMember): Promise<void> => await replica.start()

export const DEATHS: readonly Death[] = [
  { name: 'SIGKILL', victims: 'one', kill, revive },
  { name: 'SIGKILL', victims: 'one', kill, revive },
  { name: 'stopped by its administrator', victims: 'one', kill: async (replica) => await replica.stop(), revive },
  { name: 'SIGKILL of both', victims: 'all', kill, revive },
  { name: 'its backends killed', victims: 'one', kill: killBackends, revive() {} },
]

/** As an administrator does who has seen too long a query. */
async function killBackends(replica: ClusterMember): Promise<void> {
  await replica.query(`select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`)
}
