import type { Estimate } from '../harness/statistics.ts'

/** What a question has found, for the terminal and for the page. */
export interface Report {
  /** Markdown: what was asked, and how. */
  readonly text: string
  readonly tables: readonly Table[]
  readonly plots: readonly Plot[]
  readonly targets: readonly Target[]
}

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Bars, one below the other. */
export interface Plot {
  /** Of the file in docs/images, without its ending. */
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly bars: readonly Bar[]
}

export interface Bar {
  readonly words: string
  readonly value: Estimate
  readonly kind: 'ours' | 'mikro-orm' | 'peer' | 'bare'
}

/** What was asked for, and whether it was reached. */
export interface Target {
  readonly words: string
  readonly atLeast?: number
  readonly atMost?: number
  /** Undefined where it was not measured. */
  readonly seen: Estimate | undefined
  /** What a difference means nothing below, in words. */
  readonly noise: string
}

export type Verdict = 'yes' | 'no' | 'within noise' | 'not measured'

export function verdictOf({ seen, atLeast = -Infinity, atMost = Infinity }: Target): Verdict {
  if (seen === undefined) return 'not measured'
  if (seen.value >= atLeast && seen.value <= atMost) return 'yes'
  return seen.to >= atLeast && seen.from <= atMost ? 'within noise' : 'no'
}
