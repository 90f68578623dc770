// Replicas whose replay stands still: nobody sees time go backwards, and nobody waits longer than was said.
import type { Part, Scene } from '../part.ts'
import { Client } from '../client.ts'
import { COUNTER } from '../service/item.ts'
import { DEFAULTS, type ServiceSettings } from '../service/settings.ts'
import { Sources } from '../sources.ts'
import { settingsOf, startCluster, startPair, warmUp } from '../stage.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'
import { Counter } from './counter.ts'
import { stickyReads } from './sticky.ts'
import { TROUBLES } from './troubles.ts'
import { Watcher } from './watcher.ts'

const { replicaWaitMs, maxLagMs } = DEFAULTS
/** So much later than its budget a read may come. */
const LATE_MS = 10
/** Later than anybody waits. */
const LATE_REPLICA_MS = 5000
/** After a pause, this share of the replicas is back, of so many reads. */
const BACK = 0.95
const WINDOW = 100
const HOPELESS_MS = 30_000

export const paused: Part = {
  name: 'paused',
  title: 'Replay paused',
  help: 'requests with 5 reads each while replicas are paused, cut off, or have nothing to do',
  async run(scene) {
    const { report, size } = scene
    const cluster = await startCluster(scene, { proxies: true })
    await watch(scene, cluster, {}, size)
    await watch(scene, cluster, { kind: 'by hand' }, Math.ceil(size / 10))

    const { ports, stop } = await startPair(scene, settingsOf(cluster))
    await warmUp(ports)
    await cluster.caughtUp()
    await sticky(scene, cluster, ports, 'both late', async (late) => {
      for (const replica of cluster.replicas) await replica.lag(late ? LATE_REPLICA_MS : 0)
      if (!late) await cluster.caughtUp()
    })
    await sticky(scene, cluster, ports, 'both paused', async (still) => {
      for (const replica of cluster.replicas) await (still ? replica.pause() : replica.resume())
    })
    const back = await backOnReplicas(cluster, ports)
    report.promise(`resumed: ${BACK * 100} % of ${WINDOW} reads from the replicas`, back !== undefined, back === undefined ? 'never' : `the first one after ${back.firstMs} ms, all after ${back.backMs} ms`)
    await stop()
  },
}

/** @param trouble - begins with true, and ends with false */
async function sticky({ report, size, say, patience, teardown }: Scene, cluster: ReplicatedCluster, ports: readonly number[], name: string, trouble: (on: boolean) => Promise<void>): Promise<void> {
  say(name)
  const counter = await Counter.start(cluster.primary.url) // something is always replayed, or held back
  teardown(async () => await counter.stop())
  await trouble(true)
  const { over, timer, control, sources, stale, errors } = await stickyReads(cluster, ports, Math.ceil(size / 20), replicaWaitMs)
  await trouble(false)
  await counter.stop()
  const byWriter = sources.servers.get('primary') ?? 0
  sources.report(report, name)
  report.promise(`${name}: every read by the writer`, byWriter === over.size && errors === 0, `${byWriter} of ${over.size} reads, ${errors} errors`)
  report.promise(`${name}: stale reads = 0`, stale === 0, stale)
  const limit = Math.max(LATE_MS * patience, control.at(0.99))
  report.promise(`${name}: p99 over the budget of ${replicaWaitMs} ms <= ${LATE_MS} ms, or what the same takes without replicas`, over.at(0.99) <= limit, over)
  report.figure(`${name}: a bare timer of that length in the same process, over it`, timer)
  report.figure(`${name}: such a timer, and a read of the writer, over it`, control)
}

async function watch({ report, random, say, teardown }: Scene, cluster: ReplicatedCluster, settings: Partial<ServiceSettings>, size: number): Promise<void> {
  const isOurs = settings.kind !== 'by hand'
  const name = isOurs ? 'watched' : 'by hand, MikroORM replicas'
  await cluster.primary.query('update item set value = 0 where id = $1', [COUNTER])
  await cluster.caughtUp()
  const { ports, stop } = await startPair({ teardown }, settingsOf(cluster, settings))
  const counter = await Counter.start(cluster.primary.url)
  teardown(async () => await counter.stop())
  const watcher = new Watcher({ ports, random, counter, maxLagMs })
  for (const trouble of TROUBLES) {
    say(`${name}, ${trouble.name}`)
    const sources = new Sources(cluster)
    const end = await trouble.begin(cluster, { random, counter, maxLagMs })
    await watcher.watch(Math.ceil(size * trouble.share), sources)
    await end()
    await cluster.caughtUp()
    if (!isOurs) continue
    sources.report(report, trouble.name)
    if (trouble.fromReplicas > 0) report.promise(`${trouble.name}: from the replicas >= ${trouble.fromReplicas} %`, sources.replicaShare >= trouble.fromReplicas, `${sources.replicaShare.toFixed(1)} %`)
  }
  await counter.stop()
  watcher.close()
  await stop()
  const promise = (text: string, broken: number, of: number): void => {
    if (isOurs) report.promise(`${name}: ${text} = 0`, broken === 0 && of > 0, `${broken} of ${of}`)
    else report.figure(`${name}: ${text}`, `${broken} of ${of}`)
  }
  promise('steps back within a request', watcher.stepsBackInRequest, watcher.reads)
  promise('steps back between requests of a client', watcher.stepsBack, watcher.requests)
  promise('reads above their bound when the request was sent', watcher.tooOld, watcher.boundedReads)
  promise('reads above their bound when they began', watcher.tooOldLater, watcher.boundedReads)
  promise('failed requests', [...watcher.errors.values()].reduce((sum, count) => sum + count, 0), watcher.requests)
  report.figure(`${name}: above its bound by at most`, watcher.worst)
  report.tally(`${name}: errors`, watcher.errors)
}

/** Until 95 of the last 100 reads came from replicas; undefined where that does not happen. */
async function backOnReplicas(cluster: ReplicatedCluster, ports: readonly number[]): Promise<{ readonly firstMs: number; readonly backMs: number } | undefined> {
  const started = performance.now()
  const client = new Client()
  const last: boolean[] = []
  let firstMs: number | undefined
  while (performance.now() - started < HOPELESS_MS) {
    const { reads } = await client.read(ports[last.length % ports.length]!, 'session', { id: COUNTER })
    const fromReplica = reads.some(({ port }) => port !== null && port !== cluster.primary.port)
    if (fromReplica) firstMs ??= performance.now() - started
    last.push(fromReplica)
    if (last.length > WINDOW) last.shift()
    if (last.filter(Boolean).length < WINDOW * BACK) continue
    client.close()
    return { firstMs: Math.round(firstMs!), backMs: Math.round(performance.now() - started) }
  }
  client.close()
  return undefined
}
