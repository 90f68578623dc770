// A part of the program: one kind of trouble, and what was promised of it.
import type { Random } from './random.ts'
import type { Report } from './report.ts'
import type { Server } from './server.ts'

export interface Scene {
  readonly server: Server
  readonly random: Random
  readonly report: Report
  /** How much of it. */
  readonly size: number
  /** How many times longer than promised everything may take: for a machine that does other things as well. */
  readonly patience: number
  /** Whether the reads by key share connections. */
  readonly pipeline: boolean
  /** Prints how far it is. */
  say(text: string): void
}

export interface Part {
  /** The option that says how much of it. */
  readonly name: string
  readonly title: string
  readonly help: string
  run(scene: Scene): Promise<void>
}
