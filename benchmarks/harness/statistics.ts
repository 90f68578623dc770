export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Linear between the two values that are next to it. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)]!
  return below + (sorted[Math.ceil(place)]! - below) * (place % 1)
}

/** A figure, and between what it would lie in 95 of 100 such measurements. */
export interface Estimate {
  readonly value: number
  readonly from: number
  readonly to: number
}

/** The same numbers each time: a report that is made again from the same samples says the same. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const RESAMPLES = 1000

/** What a figure would have been, had other processes (and other rounds of them) been measured: the bootstrap's percentiles. */
export function bootstrap(value: number, again: (random: () => number) => number): Estimate {
  const random = seeded(1)
  const values = Array.from({ length: RESAMPLES }, () => again(random))
  return { value, from: quantile(values, 0.025), to: quantile(values, 0.975) }
}

export const drawn = <T>(values: readonly T[], random: () => number): T[] => values.map(() => values[Math.floor(random() * values.length)]!)

/** The median of some processes divided by that of others, each process counting as one: identical ones differ for their whole lives. */
export function ratioOf(above: readonly number[], below: readonly number[]): Estimate {
  return bootstrap(median(above) / median(below), (random) => median(drawn(above, random)) / median(drawn(below, random)))
}

/**
 * The median of ratios of blocks that were measured one after the other in the same process.
 *
 * @param processes - of each the ratios of its blocks
 */
export function blocksRatio(processes: readonly (readonly number[])[]): Estimate {
  return bootstrap(median(processes.flat()), (random) => median(drawn(processes, random).flatMap((blocks) => drawn(blocks, random))))
}

/** How steeply y rises with x, by least squares, and the 95 % interval of it. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Estimate {
  const slope = leastSquares(points)
  return bootstrap(slope, (random) => leastSquares(drawn(points, random)))
}

function leastSquares(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread
}

export function shuffled<T>(values: readonly T[]): T[] {
  const left = [...values]
  return values.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]!)
}
