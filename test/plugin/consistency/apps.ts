// Applications on one cluster that share nothing but the databases.
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
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

/** @returns its port */
export async function oneApp(t: Teardown, cluster: ReplicatedCluster, settings?: Partial<ServiceSettings>, addRoutes?: (app: FastifyInstance) => void): Promise<number> {
  const app = await startOurs(settingsOf(cluster, settings))
  addRoutes?.(app)
  t.teardown(async () => await app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** @returns their ports */
export async function twoApps(t: Teardown, cluster: ReplicatedCluster, settings?: Partial<ServiceSettings>): Promise<readonly [number, number]> {
  return await Promise.all([oneApp(t, cluster, settings), oneApp(t, cluster, settings)])
}

/** What is committed from here on, no replica has, until the test ends. */
export async function pauseAll(t: Teardown, { replicas }: ReplicatedCluster): Promise<void> {
  await Promise.all(replicas.map(async (replica) => await replica.pause()))
  t.teardown(async () => await Promise.all(replicas.map(async (replica) => await replica.resume())))
}
