// Replicas that die under load: nobody who reads notices.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Part, Scene } from '../part.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'
import { settingsOf, startCluster, startPair, warmUp } from '../stage.ts'
import { DEATHS, type Death } from './deaths.ts'
import { Load } from './load.ts'

/** How long the load goes on while a replica is dead, in ms. */
const DEAD_MS = 1000
/** Each of two replicas answers at least so much of what the replicas answer. */
const BALANCED = 0.25
const HOPELESS_MS = 30_000

export const killed: Part = {
  name: 'killed',
  title: 'Replicas killed under load',
  help: 'deaths of replicas under a load of reads',
  async run(scene) {
    const cluster = await startCluster(scene)
    await run(scene, cluster, 'ours', scene.size)
    await run(scene, cluster, 'by hand', 1)
  },
}

async function run({ report, random, say, teardown, size }: Scene, cluster: ReplicatedCluster, kind: 'ours' | 'by hand', deaths: number): Promise<void> {
  const isOurs = kind === 'ours'
  const { ports, stop } = await startPair({ teardown }, settingsOf(cluster, isOurs ? {} : { kind }))
  await warmUp(ports)
  await cluster.caughtUp()
  const load = new Load(cluster, ports, random)
  await balanced(load)
  let comesBack = true
  for (let number = 0; number < deaths; number++) {
    const death = DEATHS[number % DEATHS.length]!
    const before = load.answered
    const backMs = await die(death, cluster, load, number, isOurs)
    comesBack &&= backMs !== undefined
    say(`${kind}, ${number + 1} of ${isOurs ? size : deaths}, ${death.name}: ${load.answered - before} answered, ${load.failures} failed so far; balanced again ${backMs === undefined ? 'never' : `after ${backMs} ms`}; ${load.shares}`)
  }
  await load.stop()
  await stop()
  const failed = `${load.failures} of ${load.answered + load.failures}`
  if (isOurs) report.promise('failed reads = 0', load.failures === 0 && load.answered > 0, failed)
  else report.figure('by hand, MikroORM replicas: failed reads', failed)
  if (isOurs) report.promise('every replica comes back, and has its share again', comesBack, load.shares)
  report.tally(isOurs ? 'failed' : 'by hand: failed', load.failed)
  report.figure(isOurs ? 'a request of two reads took' : 'by hand: a request of two reads took', load.took)
}

/** @returns how long after its restart the load was balanced again */
async function die({ kill, revive, victims }: Death, cluster: ReplicatedCluster, load: Load, number: number, waits: boolean): Promise<number | undefined> {
  const dead = victims === 'all' ? cluster.replicas : [cluster.replicas[number % cluster.replicas.length]!]
  await Promise.all(dead.map(async (replica) => await kill(replica)))
  await sleep(DEAD_MS)
  await Promise.all(dead.map(async (replica) => await revive(replica)))
  return waits ? await balanced(load) : 0
}

async function balanced(load: Load): Promise<number | undefined> {
  load.forgetShares()
  const started = performance.now()
  while (performance.now() - started < HOPELESS_MS) {
    if (['replica 1', 'replica 2'].every((name) => load.share(name) >= BALANCED)) return Math.round(performance.now() - started)
    await sleep(10)
  }
  return undefined
}
