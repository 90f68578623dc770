import type { WaitingStatement } from './waiting-statement.ts'

/** The statements that are on their way on one connection, in the order of their answers. The server is at the first of them. */
export class Line {
  readonly #statements: WaitingStatement[] = []

  get length(): number {
    return this.#statements.length
  }

  get first(): WaitingStatement | undefined {
    return this.#statements[0]
  }

  get behindFirst(): readonly WaitingStatement[] {
    return this.#statements.slice(1)
  }

  /** Whether anybody waits for an answer. */
  get wanted(): boolean {
    return this.#statements.some(({ over }) => !over)
  }

  get busy(): boolean {
    return this.#statements.length > 0
  }

  /** Since when the server is at the first one, of `performance.now()`. */
  get since(): number {
    return this.first?.since ?? 0
  }

  /** For how long, in ms; 0 where there is none. */
  get elapsedMs(): number {
    return this.busy ? performance.now() - this.since : 0
  }

  join(statement: WaitingStatement): void {
    this.#statements.push(statement)
  }

  /** It was answered; but for one that could not even be sent, that is the first one. */
  leave(statement: WaitingStatement): void {
    if (this.first === statement) this.#statements.shift()
    else this.#statements.splice(this.#statements.indexOf(statement), 1)
    if (this.first !== undefined) this.first.since = performance.now()
  }
}
