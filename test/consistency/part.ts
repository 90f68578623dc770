// A part of the program: one promise, and the trouble that it must survive.
import type { Random } from '../soak/random.ts'
import type { Report } from '../soak/report.ts'

export interface Scene {
  readonly random: Random
  readonly report: Report
  /** How much of it. */
  readonly size: number
  /** How many times longer than promised everything may take: for a machine that does other things as well. */
  readonly patience: number
  /** Prints how far it is. */
  say(text: string): void
  /** Called when the part is over, the last one first. */
  teardown(fn: () => unknown): void
}

export interface Part {
  /** The option that says how much of it. */
  readonly name: string
  readonly title: string
  readonly help: string
  run(scene: Scene): Promise<void>
}
