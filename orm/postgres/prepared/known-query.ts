import type { PgClient, PgConnection, PgResult } from '../pg.ts'

/** What the server has told of the columns of a prepared statement: their names, and what makes values of their texts. */
export interface Shape {
  readonly names: readonly string[]
  readonly parsers: readonly ((text: string) => unknown)[]
}

/** A column, as pg reads it from a RowDescription. */
interface Field {
  readonly name: string
  readonly dataTypeID: number
}

/** Makes values of texts. */
type Types = Pick<PgClient, 'getTypeParser'>

/**
 * A prepared statement that reads or writes a few rows. pg's own Query has the server describe the columns each time, and makes of the description what it made of the last
 * one; here it is asked for once for each connection. That is safe: where the columns of a prepared statement would come out otherwise than before, PostgreSQL refuses to
 * execute it ("cached plan must not change result type").
 *
 * It is one of pg's "submittables", which pg-cursor and pg-query-stream are as well.
 */
export class KnownQuery {
  /** pg keeps account of the names that it has prepared. */
  readonly name: string
  readonly text: string
  /** As they are sent. */
  readonly values: readonly (string | null)[]
  /** pg stands in front of it where there is a `query_timeout`. */
  callback: (error: unknown, answer?: PgResult, shape?: Shape) => void
  readonly #types: Types
  #shape: Shape | undefined
  readonly #rows: Record<string, unknown>[] = []
  #tag = ''
  #unreadable: unknown

  /**
   * @param shape - undefined where the server has not told it on this connection
   * @param callback - called once, with the shape that the answer had
   */
  constructor(name: string, text: string, values: readonly (string | null)[], shape: Shape | undefined, types: Types, callback: KnownQuery['callback']) {
    this.name = name
    this.text = text
    this.callback = callback
    this.values = values
    this.#types = types
    this.#shape = shape
  }

  /** @see "Extended Query" in PostgreSQL's documentation, "Message Flow" */
  submit(connection: PgConnection): null {
    const { name, text, values } = this
    connection.stream.cork()
    try {
      if (connection.parsedStatements[name] === undefined && connection.submittedNamedStatements[name] === undefined) {
        connection.parse({ name, text })
        connection.submittedNamedStatements[name] = text
        this.#shape = undefined
      }
      connection.bind({ statement: name, values })
      if (this.#shape === undefined) connection.describe({ type: 'P', name: '' })
      connection.execute({})
      connection.sync()
    } finally {
      connection.stream.uncork()
    }
    return null
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#shape = { names: fields.map(({ name }) => name), parsers: fields.map(({ dataTypeID }) => this.#types.getTypeParser(dataTypeID, 'text')) }
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const { names, parsers } = this.#shape!
    const row: Record<string, unknown> = {}
    try {
      for (let index = 0; index < names.length; index++) {
        const text = fields[index]!
        row[names[index]!] = text === null ? null : parsers[index]!(text)
      }
      this.#rows.push(row)
    } catch (error) {
      this.#unreadable ??= error
    }
  }

  /** @param complete - `SELECT 1`, `INSERT 0 1`: the last word is the number of rows */
  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#tag = text
  }

  handleEmptyQuery(): void {
    // It is not empty.
  }

  handleError(error: unknown): void {
    this.callback(this.#unreadable ?? error)
  }

  handleReadyForQuery(): void {
    const tag = this.#tag
    const answer = { command: tag.slice(0, tag.indexOf(' ')), rowCount: Number(tag.slice(tag.lastIndexOf(' '))), rows: this.#rows }
    if (this.#unreadable === undefined) this.callback(null, answer, this.#shape)
    else this.callback(this.#unreadable)
  }
}
