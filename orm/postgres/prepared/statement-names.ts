import { createHash } from 'node:crypto'
import { Recent } from '../../recent.ts'

/** Whether statements are prepared under names; see the engine option. */
export type PreparedStatements = boolean | 'auto'

/** How many texts are remembered, and so how many may have a name. */
const MOST_TEXTS = 500

/** Longer texts are not worth the memory that they would take on each connection; in characters. */
const LONGEST = 20_000

/** Seen once. */
const NO_NAME = ''

/** The names of an engine's prepared statements, and whether it may have any. */
export class StatementNames {
  mode: PreparedStatements = 'auto'
  /** Changes when the server has changed something under its statements: what was prepared before is out of date on every connection. */
  epoch = 0
  readonly #names = new Recent<string, string>(MOST_TEXTS)
  /** By server: whether the connections that we have there lead to one backend each. */
  readonly #direct = new Map<string, boolean>()

  /**
   * The name for a text, from the second time on: what is sent only once would fill the server's memory.
   *
   * The same text has the same name everywhere: a pooler may show one process the statements of another.
   */
  nameOf(text: string): string | undefined {
    if (this.mode === false || text.length > LONGEST) return undefined
    const known = this.#names.get(text)
    if (known === undefined) this.#names.set(text, NO_NAME)
    if (known !== NO_NAME) return known
    const name = `sa_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
    this.#names.set(text, name)
    return name
  }

  /** The name that a text has already, if it may be used. */
  given(text: string): string | undefined {
    return this.mode === false ? undefined : this.#names.get(text) || undefined
  }

  /** What is known of a server; with `true` the application has said it. Undefined: ask. */
  isDirect(server: string): boolean | undefined {
    return this.mode === true || this.#direct.get(server)
  }

  found(server: string, direct: boolean): void {
    this.#direct.set(server, direct)
  }

  /** Connections are made anew, and may lead through something else. */
  renewed(): void {
    this.#direct.clear()
  }
}
