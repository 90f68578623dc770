// What is said about variants that were asked in rounds.
import { roundsOf, type Sample } from '../harness/sample.ts'
import { type Estimate, median, ratioOf } from '../harness/statistics.ts'
import type { Variant } from '../harness/variant.ts'
import { digits, interval } from './markdown.ts'
import type { Plot, Table } from './report.ts'

/** Of each process of a variant the median of its rounds, from the least to the most. */
export const processesOf = (samples: readonly Sample[], variant: string, figure = 'cpu'): number[] =>
  roundsOf(samples, variant, figure).map(median).toSorted((a, b) => a - b)

/** How many times as fast one is as another, by the CPU time of a request; undefined where one of them was not measured. */
export function timesAsFast(samples: readonly Sample[], variant: string, as: string): Estimate | undefined {
  const [own, others] = [processesOf(samples, variant), processesOf(samples, as)]
  return own.length === 0 || others.length === 0 ? undefined : ratioOf(others, own)
}

/** The identical pair: what a ratio comes to that should be 1. */
export function noiseOf(samples: readonly Sample[], one: string, again: string): string {
  const ratio = timesAsFast(samples, again, one)
  return ratio === undefined ? '' : `${digits(ratio.value)} (${interval(ratio)})`
}

export function servedTable(samples: readonly Sample[], variants: readonly Variant[], references: readonly string[]): Table {
  const measured = variants.filter(({ name }) => samples.some(({ variant }) => variant === name))
  const wordsOf = (name: string): string => variants.find((variant) => variant.name === name)!.words
  const perSecond = (name: string): number => median(processesOf(samples, name, 'perSecond'))
  const rows = measured.map(({ name, words }) => {
    const cpu = processesOf(samples, name)
    const ratios = references.flatMap((reference) => {
      const ratio = timesAsFast(samples, name, reference)
      if (name === reference) return ['1', '1']
      return ratio === undefined ? ['', ''] : [`${digits(ratio.value)} (${interval(ratio)})`, digits(perSecond(name) / perSecond(reference))]
    })
    return [words, median(cpu).toFixed(0), `${cpu[0]!.toFixed(0)} to ${cpu.at(-1)!.toFixed(0)}`, perSecond(name).toFixed(0), ...ratios]
  })
  const head = ['', 'CPU, µs', 'its processes', 'requests/s', ...references.flatMap((name) => [`to "${wordsOf(name)}" by CPU`, 'by requests/s'])]
  return { head, rows }
}

export function servedPlot(samples: readonly Sample[], variants: readonly Variant[], reference: string, plot: { readonly name: string; readonly title: string }): Plot {
  const bars = variants.flatMap(({ name, words, kind }) => {
    const value = timesAsFast(samples, name, reference)
    return value === undefined ? [] : [{ words, kind, value }]
  })
  return { ...plot, unit: `times as fast as "${variants.find(({ name }) => name === reference)!.words}", by CPU time`, bars }
}
