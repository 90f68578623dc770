import type { Sample } from '../harness/sample.ts'
import type { Stage } from '../harness/stage.ts'
import type { Report } from '../report/report.ts'

/** One thing that the benchmarks are to tell. */
export interface Question {
  /** Of its file, its results, and after `--only`. */
  readonly name: string
  readonly title: string
  /** Whether it needs the libraries that are not installed with this package. */
  readonly needsPeers: boolean
  measure(stage: Stage): Promise<Sample[]>
  /** The same samples always give the same report. */
  conclude(samples: readonly Sample[]): Report
}
