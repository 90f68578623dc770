/** What one process of a variant has shown: each figure once for each round. */
export interface Sample {
  readonly variant: string
  /** Samples with the same one come from the same process. */
  readonly process: string
  readonly figures: Readonly<Record<string, readonly number[]>>
}

/** Of each process of a variant, all rounds of a figure. */
export function roundsOf(samples: readonly Sample[], variant: string, figure: string): (readonly number[])[] {
  return samples.filter((sample) => sample.variant === variant).map(({ figures }) => figures[figure] ?? [])
}
