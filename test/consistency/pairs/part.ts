// Whoever has written something reads it, from another process and from replicas that lag.
import type { Part } from '../part.ts'
import type { ServiceSettings } from '../service/settings.ts'
import { startCluster } from '../stage.ts'
import { LONGEST_MS } from './lags.ts'
import { PairsRun } from './run.ts'

/** How much of the longest lag must really have been there, and for which part of the pairs. */
const REAL_MS = 0.95 * LONGEST_MS
const REAL_SHARE = 0.1

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
      const run = new PairsRun({ ...scene, cluster, settings, size, number })
      await run.run()
      const { verdicts, overtaken, lags, watch, late } = run
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
      report.promise(`${name}: longest lag really seen >= ${REAL_MS} ms`, watch.seen.max >= REAL_MS, `${Math.round(watch.seen.max)} ms`)
      const share = late.shareFrom(REAL_MS)
      report.promise(`${name}: pairs begun while a replica was that late >= ${100 * REAL_SHARE} %`, share >= REAL_SHARE, `${(100 * share).toFixed(1)} %`)
      report.figure(`${name}: lags of all replicas, ten times a second`, `${watch.seen.toString()}; ${lags.changes} changes at random`)
      report.figure(`${name}: lag of the later replica when a pair began`, late)
    }
  },
}
