// Whoever has written something reads it, from another process and from replicas that lag.
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'
import type { Part, Scene } from '../part.ts'
import type { ServiceSettings } from '../service/settings.ts'
import { Sources } from '../sources.ts'
import { settingsOf, startCluster, startPair } from '../stage.ts'
import { Lags } from './lags.ts'
import { Lane } from './lane.ts'
import { Verdicts } from './verdicts.ts'

const LANES = 16
/** Rows of one lane, at most. */
const ROWS = 1_000_000

export const pairs: Part = {
  name: 'pairs',
  title: 'Write, then read',
  help: 'pairs of a write to one process and a read from another, with replicas that lag by 0 to 10 s',
  async run(scene) {
    const { report, size, say } = scene
    const cluster = await startCluster(scene)
    const runs: readonly (readonly [name: string, settings: Partial<ServiceSettings>, size: number])[] = [
      ['cookie', {}, Math.ceil(size / 2)],
      ['header', { transport: 'header' }, Math.floor(size / 2)],
      ['by hand, MikroORM replicas', { kind: 'by hand' }, size],
    ]
    for (const [number, [name, settings, size]] of runs.entries()) {
      say(`${name}: ${size} pairs`)
      await cluster.primary.query('truncate item')
      const { verdicts, overtaken, lags } = await runPairs(scene, cluster, settings, size, number)
      const stale = `${verdicts.staleSize} of ${verdicts.size}`
      if (settings.kind === 'by hand') report.figure(`${name}: stale reads`, `${stale}, ${overtaken.staleSize} of ${overtaken.size} where answers overtook each other`)
      else {
        report.promise(`${name}: stale reads = 0`, verdicts.staleSize === 0 && verdicts.size >= size * 0.9, stale)
        report.promise(`${name}: stale reads where answers overtook each other = 0`, overtaken.staleSize === 0 && overtaken.size > 0, `${overtaken.staleSize} of ${overtaken.size}`)
        report.promise(`${name}: errors = 0`, verdicts.errors.size === 0, verdicts.errors.size)
        report.tally(`${name}: pairs`, verdicts.pairs)
        verdicts.sources.report(report, name)
      }
      report.tally(`${name}: stale`, verdicts.stale)
      report.tally(`${name}: errors`, verdicts.errors)
      report.tally(`${name}: errors where answers overtook each other`, overtaken.errors)
      report.figure(`${name}: a read took`, verdicts.took)
      report.figure(`${name}: lags`, `${lags.changes} changes, up to ${lags.longestMs} ms set, up to ${Math.round(lags.seenMs)} ms seen`)
    }
  },
}

async function runPairs(scene: Scene, cluster: ReplicatedCluster, settings: Partial<ServiceSettings>, size: number, number: number): Promise<{ verdicts: Verdicts; overtaken: Verdicts; lags: Lags }> {
  const { random, say } = scene
  const services = await startPair(scene, settingsOf(cluster, settings))
  const lags = new Lags(cluster.replicas, random)
  const verdicts = new Verdicts(new Sources(cluster))
  const overtaken = new Verdicts(new Sources(cluster))
  let left = size
  const more = (): boolean => {
    if (left % Math.ceil(size / 5) === 0 && left < size && left > 0) say(`${size - left} pairs, ${verdicts.staleSize} stale`)
    return left-- > 0
  }
  lags.start()
  const firstIds = Array.from({ length: LANES }, (_, lane) => (number * LANES + lane + 1) * ROWS)
  await Promise.all(firstIds.map(async (firstId) => await new Lane({ ports: services.ports, random, verdicts, overtaken, more }, firstId).run()))
  await lags.stop()
  await services.stop()
  await cluster.caughtUp()
  return { verdicts, overtaken, lags }
}
