import type { Settings } from './settings.ts'

/** What a connection has written while another one's transaction was open. */
export interface Beside {
  readonly bytes: Buffer
  readonly settings: Settings
}

interface Savepoint {
  readonly name: string
  readonly readOnly: boolean
  readonly settings: Settings
  readonly applied: Settings
  readonly beside: number
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
  /** What others have written since it began, and what would be undone with it. */
  readonly beside: Beside[] = []
  readonly #savepoints: Savepoint[] = []

  constructor(readOnly: boolean, settings: Settings) {
    this.readOnly = readOnly
    this.settings = this.kept = settings
  }

  get status(): 'T' | 'E' {
    return this.failed ? 'E' : 'T'
  }

  save(name: string, applied: Settings): void {
    const { readOnly, settings, beside: { length: beside } } = this
    this.#savepoints.push({ name, readOnly, settings, applied, beside })
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
   * @returns what is applied then, and what others have written since
   */
  goBack(name: string): { readonly applied: Settings; readonly beside: Beside[] } {
    const at = this.#last(name)
    const { readOnly, settings, applied, beside } = this.#savepoints[at]!
    this.#savepoints.length = at + 1
    this.failed = false
    this.readOnly = readOnly
    this.settings = settings
    return { applied, beside: this.beside.slice(beside) }
  }

  #last(name: string): number {
    return this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
  }
}
