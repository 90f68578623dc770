import type { Database } from './database.ts'

/** How much is measured. */
export interface Extent {
  /** Processes of each variant. */
  readonly processes: number
  /** How often each process is measured, in turn with the others. */
  readonly rounds: number
  /** How long a process is asked in a round. */
  readonly portionMs: number
  /** How long a process is asked before the first round. MikroORM gets faster for some ten seconds: half as fast as it can be after the first two. */
  readonly warmUpMs: number
  /** Of the requests whose memory is looked at. */
  readonly memoryRequests: number
  /** Times that what has no round is repeated, such as a start. */
  readonly repetitions: number
}

export const EXTENTS = {
  full: { processes: 5, rounds: 4, portionMs: 300, warmUpMs: 10_000, memoryRequests: 200_000, repetitions: 5 },
  quick: { processes: 2, rounds: 3, portionMs: 200, warmUpMs: 4000, memoryRequests: 40_000, repetitions: 2 },
  /** Whether it runs at all. */
  smoke: { processes: 1, rounds: 1, portionMs: 30, warmUpMs: 30, memoryRequests: 2000, repetitions: 1 },
} satisfies Record<string, Extent>

/** What a question is measured with. */
export interface Stage extends Extent {
  readonly database: Database
  /** Variants by name, where not all are asked for; those that others are compared with are measured all the same. */
  readonly variants?: ReadonlySet<string> | undefined
  /** The way of each new process to a file of its own, in memory where the system has such files. */
  makeSqliteFile(): string
  /** Tells whoever waits how far it is. */
  tell(text: string): void
}

/** Connections from which a process is asked at the same time. */
export const CONNECTIONS = 32

/** For what is less important than the time it takes. */
export const fewerProcesses = (stage: Stage): Stage => ({ ...stage, processes: Math.min(stage.processes, 3) })
