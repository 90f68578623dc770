// What most parts begin with: a cluster with one table, and processes of a service on it.
import { type ClusterOptions, ReplicatedCluster } from '../support/replicated-cluster.ts'
import { Client } from './client.ts'
import type { Scene } from './part.ts'
import { COUNTER, CREATE_ITEMS } from './service/item.ts'
import { type ServiceProcess, startServices } from './service/process.ts'
import { CONSISTENCIES, DEFAULTS, type ServiceSettings } from './service/settings.ts'

export async function startCluster(scene: Pick<Scene, 'say' | 'teardown'>, options?: ClusterOptions): Promise<ReplicatedCluster> {
  const cluster = await ReplicatedCluster.start(scene, options)
  scene.say(`a primary and ${cluster.replicas.length} replicas started in ${Math.round(cluster.startedInMs)} ms`)
  await cluster.primary.query(CREATE_ITEMS)
  await cluster.primary.query('insert into item values ($1, 0)', [COUNTER])
  await cluster.caughtUp()
  return cluster
}

export function settingsOf(cluster: ReplicatedCluster, settings: Partial<ServiceSettings> = {}): ServiceSettings {
  return { ...DEFAULTS, primary: cluster.primary.url, replicas: cluster.replicas.map(({ url }) => url), ...settings }
}

/** Two processes, whose ports these are. */
export async function startPair(scene: Pick<Scene, 'teardown'>, settings: ServiceSettings): Promise<{ readonly ports: readonly number[]; readonly stop: () => Promise<void> }> {
  const services: readonly ServiceProcess[] = await startServices(settings)
  const stop = async (): Promise<void> => void (await Promise.all(services.map(async (service) => await service.stop())))
  scene.teardown(stop)
  return { ports: services.map(({ port }) => port), stop }
}

/** The first requests of a process compile what they need: nobody's time is to be measured by them. */
export async function warmUp(ports: readonly number[], times = 30): Promise<void> {
  await Promise.all(ports.map(async (port, number) => {
    const client = new Client()
    const id = 10 + number
    for (let value = 0; value < times; value++) {
      await client.write(port, 'flush', { id, value, isNew: value === 0 })
      for (const consistency of CONSISTENCIES) await client.read(port, consistency, { id })
    }
    await client.ask(port, 'GET', `/control?id=${id}`)
    client.close()
  }))
}
