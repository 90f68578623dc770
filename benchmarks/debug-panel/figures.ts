import { median } from '../harness/statistics.ts'
import { tableText } from '../report/markdown.ts'
import type { Variant } from './variants.ts'

/** One process in one round. */
export interface Measured {
  readonly variant: Variant
  readonly server: object
  readonly microseconds: number
  readonly perSecond: number
}

export interface Figures {
  readonly variant: Variant
  /** CPU time of a request, median of the processes. */
  readonly microseconds: number
  /** Of each process the median of its rounds, from the best to the worst. */
  readonly processes: readonly number[]
  /** To those without anything. */
  readonly ratio: number
  readonly perSecond: number
}

export function figuresOf(variants: readonly Variant[], measured: readonly Measured[]): Figures[] {
  const all = variants.map((variant) => {
    const own = measured.filter((one) => one.variant === variant)
    const processes = [...Map.groupBy(own, ({ server }) => server).values()].map((one) => median(one.map(({ microseconds }) => microseconds))).toSorted((a, b) => a - b)
    return { variant, processes, microseconds: median(processes), perSecond: median(own.map(({ perSecond }) => perSecond)) }
  })
  // Processes of the same variant are optimised differently, each for its lifetime: their median is taken, not that of the rounds.
  const reference = median(all.filter(({ variant }) => variant.reference === true).flatMap(({ processes }) => processes))
  return all.map((one) => ({ ...one, ratio: one.microseconds / reference }))
}

export function table(figures: readonly Figures[]): string {
  const rows = figures.map(({ variant, microseconds, processes, ratio, perSecond }) =>
    [variant.words, microseconds.toFixed(0), processes.map((one) => one.toFixed(0)).join(' '), ratio.toFixed(3), perSecond.toFixed(0)])
  return tableText({ head: ['', 'CPU of a request, µs', 'of its processes', 'ratio', 'requests/s'], rows })
}
