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

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.floor(middle - 0.5)]! + sorted[Math.ceil(middle - 0.5)]!) / 2
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
  const head = ['', 'CPU of a request, µs', 'of its processes', 'ratio', 'requests/s']
  const lines = figures.map(({ variant, microseconds, processes, ratio, perSecond }) =>
    [variant.words, microseconds.toFixed(0), processes.map((one) => one.toFixed(0)).join(' '), ratio.toFixed(3), perSecond.toFixed(0)])
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]!.length)))
  const row = (line: readonly string[]): string => `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  return [row(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.map(row)].join('\n')
}
