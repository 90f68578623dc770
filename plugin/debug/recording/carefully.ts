import type { FastifyBaseLogger } from 'fastify'

/** Does the panel's own work so that the application does not notice when it fails: there is one line in the log, and nothing else. */
export class Carefully {
  readonly #log: FastifyBaseLogger
  readonly #said = new Set<string>()

  constructor(log: FastifyBaseLogger) {
    this.#log = log
  }

  run<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      this.#say(error)
      return undefined
    }
  }

  wrap<Args extends readonly unknown[]>(work: (...args: Args) => void): (...args: Args) => void {
    return (...args) => this.run(() => work(...args))
  }

  /** Once for each fault: it may come with every statement. */
  #say(error: unknown): void {
    try {
      const fault = error instanceof Error ? `${error.name}: ${error.message}` : typeof error
      if (this.#said.has(fault) || this.#said.size >= 10) return
      this.#said.add(fault)
      this.#log.warn({ err: error }, 'The debug panel has failed to record something; the application is not affected')
    } catch {
      // The error, or the log, is what is broken.
    }
  }
}
