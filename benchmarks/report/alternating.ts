// What is said about applications of one process that were asked in turn.
import { roundsOf, type Sample } from '../harness/sample.ts'
import { blocksRatio, type Estimate, median } from '../harness/statistics.ts'
import type { Variant } from '../harness/variant.ts'
import { digits, interval } from './markdown.ts'
import type { Table } from './report.ts'
import { processesOf } from './served.ts'

/** How many times as fast one application was as another in the same process. */
export function alternatingRatio(samples: readonly Sample[], variant: string, as: string): Estimate | undefined {
  const [own, others] = [roundsOf(samples, variant, 'cpu'), roundsOf(samples, as, 'cpu')]
  if (own.length === 0 || others.length === 0) return undefined
  return blocksRatio(own.map((blocks, process) => blocks.map((cpu, block) => others[process]![block]! / cpu)))
}

/** The first two variants are identical. */
export function pairNoise(samples: readonly Sample[], [one, again]: readonly Variant[]): string {
  const ratio = alternatingRatio(samples, again!.name, one!.name)
  return ratio === undefined ? '' : `${digits(ratio.value)} (${interval(ratio)})`
}

/** All of them to the first. */
export function alternatingTable(samples: readonly Sample[], variants: readonly Variant[]): Table {
  const rows = variants.flatMap(({ name, words }) => {
    const ratio = alternatingRatio(samples, name, variants[0]!.name)
    if (ratio === undefined) return []
    const cpu = processesOf(samples, name)
    return [[words, median(cpu).toFixed(0), `${cpu[0]!.toFixed(0)} to ${cpu.at(-1)!.toFixed(0)}`, `${ratio.value.toFixed(3)} (${ratio.from.toFixed(3)} to ${ratio.to.toFixed(3)})`]]
  })
  return { head: ['in one process, in turn', 'CPU, µs', 'its processes', `to "${variants[0]!.words}"`], rows }
}
