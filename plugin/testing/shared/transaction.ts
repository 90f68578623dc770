import type { Settings } from './settings.ts'

/** Something that was written while a transaction was open. */
export interface Written {
  readonly bytes: Buffer
  readonly settings: Settings
  /** By the transaction; else by somebody else, and what becomes of the transaction does not concern it. */
  readonly own: boolean
}

interface Savepoint {
  readonly name: string
  readonly readOnly: boolean
  readonly settings: Settings
  readonly applied: Settings
  readonly written: number
}

/** A transaction of the application, which is a savepoint in that of the test. */
export class AppTransaction {
  readOnly: boolean
  /** The server has its savepoint. One that only reads needs none, and is in nobody's way. */
  begun = false
  failed = false
  /** What holds now. */
  settings: Settings
  /** What is to hold when it is committed. */
  kept: Settings
  /** What was applied when it began, which is what the server goes back to. */
  applied: Settings | undefined
  readonly #written: Written[] = []
  readonly #savepoints: Savepoint[] = []

  constructor(readOnly: boolean, settings: Settings) {
    this.readOnly = readOnly
    this.settings = this.kept = settings
  }

  wrote(written: Written): void {
    this.#written.push(written)
  }

  /** All that was written since it began, and would be undone with it. */
  get written(): readonly Written[] {
    return this.#written
  }

  get status(): 'T' | 'E' {
    return this.failed ? 'E' : 'T'
  }

  save(name: string, applied: Settings): void {
    const { readOnly, settings } = this
    this.#savepoints.push({ name, readOnly, settings, applied, written: this.#written.length })
  }

  /** Whether there is a savepoint of that name. */
  has(name: string): boolean {
    return this.#savepoints.some((savepoint) => savepoint.name === name)
  }

  /** Forgets a savepoint, and all since. */
  release(name: string): void {
    const at = this.#last(name)
    this.readOnly = this.#savepoints[at]!.readOnly
    this.#savepoints.length = at
  }

  /**
   * Goes back to a savepoint, and keeps it.
   *
   * @returns what is applied then, and what others have written since, which is undone as well
   */
  goBack(name: string): { readonly applied: Settings; readonly beside: readonly Written[] } {
    const at = this.#last(name)
    const { readOnly, settings, applied, written } = this.#savepoints[at]!
    this.#savepoints.length = at + 1
    this.failed = false
    this.readOnly = readOnly
    this.settings = settings
    const beside = this.#written.splice(written).filter(({ own }) => !own)
    this.#written.push(...beside)
    return { applied, beside }
  }

  #last(name: string): number {
    return this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
  }
}
