// All of it at once, for a while: clients that write and read, clients that watch, and replicas to which anything may happen.
import type { Part } from '../part.ts'
import { Lane } from '../pairs/lane.ts'
import { Verdicts } from '../pairs/verdicts.ts'
import { Counter } from '../paused/counter.ts'
import { Watcher } from '../paused/watcher.ts'
import { DEFAULTS } from '../service/settings.ts'
import { Sources } from '../sources.ts'
import { settingsOf, startCluster, startPair, warmUp } from '../stage.ts'
import { Faults } from './faults.ts'

const LANES = 4
const WATCHERS = 6
/** Rows of one lane, at most. */
const ROWS = 1_000_000
const { maxLagMs } = DEFAULTS

/** How often it is told how far it is, in ms. */
const SAY_MS = 20_000

export const soak: Part = {
  name: 'soak',
  title: 'Replicas to which anything may happen',
  help: 'seconds of a steady load while replicas are paused, late, killed, stopped, cut off or frozen at random',
  async run(scene) {
    const { report, random, size, say } = scene
    const cluster = await startCluster(scene, { proxies: true })
    const { ports, stop } = await startPair(scene, settingsOf(cluster))
    await warmUp(ports)
    await cluster.caughtUp()
    const [verdicts, overtaken, sources] = [new Verdicts(new Sources(cluster)), new Verdicts(new Sources(cluster)), new Sources(cluster)]
    const counter = await Counter.start(cluster.primary.url)
    scene.teardown(async () => await counter.stop())
    const watcher = new Watcher({ ports, random, counter, maxLagMs }, WATCHERS)
    const faults = new Faults(cluster.replicas, random)
    scene.teardown(async () => await faults.stop())

    const until = performance.now() + size * 1000
    const more = (): boolean => performance.now() < until
    const saying = setInterval(() => say(`${verdicts.size} pairs, ${verdicts.staleSize} stale; ${watcher.requests} requests of watchers, ${watcher.stepsBack + watcher.stepsBackInRequest} steps back`), SAY_MS)
    const lanes = Array.from({ length: LANES }, async (_, lane) => await new Lane({ ports, random, verdicts, overtaken, more }, (lane + 1) * ROWS).run())
    await Promise.all([...lanes, watcher.watch(Infinity, sources, more)])
    clearInterval(saying)
    await faults.stop()
    await counter.stop()
    watcher.close()
    await stop()

    const never = (text: string, times: number, of: number): void => report.promise(`${text} = 0`, times === 0 && of > 0, `${times} of ${of}`)
    never('stale reads', verdicts.staleSize, verdicts.size)
    never('stale reads where answers overtook each other', overtaken.staleSize, overtaken.size)
    never('steps back within a request', watcher.stepsBackInRequest, watcher.reads)
    never('steps back between requests of a client', watcher.stepsBack, watcher.requests)
    never('reads above their bound when the request was sent', watcher.tooOld, watcher.boundedReads)
    never('reads above their bound when they began', watcher.tooOldLater, watcher.boundedReads)
    const errors = new Map([...verdicts.errors, ...overtaken.errors, ...watcher.errors])
    report.promise('errors = 0', errors.size === 0, errors.size)
    report.tally('errors', errors)
    report.tally('faults', faults.counts)
    sources.report(report, 'watched')
    report.figure('a read of a pair took', verdicts.took)
  },
}
