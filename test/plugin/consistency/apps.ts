// Two applications on one cluster that share nothing but the databases.
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { startOurs } from '../../consistency/service/ours.ts'
import { COUNTER, CREATE_ITEMS } from '../../consistency/service/item.ts'
import type { ServiceSettings } from '../../consistency/service/settings.ts'
import { settingsOf } from '../../consistency/stage.ts'
import { type ClusterOptions, type ReplicatedCluster, replicatedCluster } from '../../support/replicated-cluster.ts'

type Teardown = Pick<Test, 'teardown'>

export async function clusterWithItems(t: Teardown, options?: ClusterOptions): Promise<ReplicatedCluster> {
  const cluster = await replicatedCluster(t, options)
  await cluster.primary.query(CREATE_ITEMS)
  await cluster.primary.query('insert into item values ($1, 0)', [COUNTER])
  await cluster.caughtUp()
  return cluster
}

/** @returns their ports */
export async function twoApps(t: Teardown, cluster: ReplicatedCluster, settings?: Partial<ServiceSettings>): Promise<readonly [number, number]> {
  const ports = await Promise.all([0, 1].map(async () => {
    const app = await startOurs(settingsOf(cluster, settings))
    t.teardown(async () => await app.close())
    await app.listen({ port: 0, host: '127.0.0.1' })
    return (app.server.address() as AddressInfo).port
  }))
  return ports as [number, number]
}
