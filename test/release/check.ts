import type { Report } from '../soak/report.ts'
import type { Tarball } from './tarball.ts'

/** What a check is given. */
export interface CheckScene {
  readonly tarball: Tarball
  readonly report: Report
  readonly databaseUrl: string
  /** Tells how far it is: some of it takes minutes. */
  readonly say: (text: string) => void
}
