import { Recent } from '../../recent.ts'
import { ownStatement } from '../../events/watch-query.ts'
import type { PgClient, PgResult } from '../pg.ts'
import { KnownQuery, type Shape } from './known-query.ts'
import type { StatementNames } from './statement-names.ts'

type Send = (...args: unknown[]) => Promise<PgResult>

/** A statement that pg keeps on the connection under its name. */
interface NamedStatement {
  readonly text: string
  readonly values: readonly unknown[]
  readonly name?: string
}

/** So many are kept on one connection; the one that was used longest ago makes room. */
const MOST_NAMES = 200

/** Behind a pooler that gives each transaction another backend, it is not the process that the connection was told of. */
const WHOSE_BACKEND = ownStatement('select pg_backend_pid() as pid')

/** Of a statement whose columns nobody has asked for. */
const UNKNOWN: unique symbol = Symbol('unknown')

/** What the server says of a prepared statement that it cannot use: its columns have changed, it is gone, or there already. */
const UNUSABLE: Readonly<Record<string, string>> = { '0A000': 'RevalidateCachedQuery', '26000': 'FetchPreparedStatement', '42P05': 'StorePreparedStatement' }

/** Whether an error is one of a prepared statement, and not of what it says. */
export function isUnusable(error: unknown): boolean {
  const { code = '', routine } = error as { code?: string; routine?: string }
  return UNUSABLE[code] !== undefined && UNUSABLE[code] === routine
}

const DROPS_ALL = /\bdeallocate\b|\bdiscard\s+all\b/i

/** The prepared statements on one connection. */
export class ClientStatements {
  readonly #client: PgClient
  readonly #names: StatementNames
  /** By their names, which with a comment are not those of their texts. */
  readonly #kept = new Recent<string, Shape | typeof UNKNOWN>(MOST_NAMES)
  readonly #closing: string[] = []
  #epoch: number
  #address: string | undefined

  constructor(client: PgClient, names: StatementNames) {
    this.#client = client
    this.#names = names
    this.#epoch = names.epoch
  }

  /** Whether it is not known yet where the connection leads. */
  get unsure(): boolean {
    return this.#names.mode === 'auto' && this.#names.isDirect(this.#server) === undefined
  }

  /** Whether that has to be found out first. */
  mustAsk(args: readonly unknown[]): boolean {
    return this.unsure && this.#client.getTransactionStatus?.() !== 'E' && this.#nameOf(args) !== undefined
  }

  async askWhere(send: Send): Promise<void> {
    const { rows } = await send(WHOSE_BACKEND)
    this.#names.found(this.#server, rows[0]!['pid'] === this.#client.processID)
  }

  get #server(): string {
    const { host, port } = this.#client.connectionParameters
    return (this.#address ??= `${host}:${port}`)
  }

  #nameOf([text, values, ...more]: readonly unknown[]): string | undefined {
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0 || more.length > 0) return undefined
    return this.#names.nameOf(text)
  }

  /**
   * Gives a name to what is worth one.
   *
   * @param args - what pg's `query()` is given
   * @returns what to give it instead; undefined where it stays as it is
   */
  named(args: readonly unknown[]): unknown[] | undefined {
    if (this.#names.isDirect(this.#server) !== true) return undefined
    const name = this.#nameOf(args)
    return name === undefined ? undefined : [{ text: args[0] as string, values: args[1] as unknown[], name } satisfies NamedStatement]
  }

  /** Sends a statement that {@link named} has given a name, which with a comment may be another one, or none. */
  async send(args: readonly unknown[], send: Send): Promise<PgResult> {
    const { name } = args[0] as NamedStatement
    if (name === undefined) return await send(...args)
    this.keep(name)
    const alone = this.#client.getTransactionStatus?.() === 'I'
    try {
      return await send(...args)
    } catch (error) {
      if (!this.#isUnusable(error, name) || !alone) throw error
      // Nothing of it has been done: a statement on its own is a transaction.
      this.keep(name)
      return await send(...args)
    }
  }

  /**
   * A statement that has no comment and is in no transaction, for pg's `query()`.
   *
   * @param callback - called once
   * @returns undefined where it has no name yet, or a value of another kind: then it goes the general way
   */
  known(text: string, values: readonly unknown[], callback: (error: unknown, answer?: PgResult) => void): KnownQuery | undefined {
    if (this.#names.isDirect(this.#server) !== true) return undefined
    const name = this.#names.given(text)
    const sent = name === undefined ? undefined : asSent(values)
    return name === undefined || sent === undefined ? undefined : this.#query(name, text, sent, callback)
  }

  #query(name: string, text: string, sent: readonly (string | null)[], callback: (error: unknown, answer?: PgResult) => void): KnownQuery {
    const shape = this.keep(name)
    return new KnownQuery(name, text, sent, shape, this.#client, (error, answer, told) => {
      if (shape === undefined && told !== undefined) this.#kept.set(name, told)
      callback(error, answer)
    })
  }

  /**
   * Sends one, and once more where the server can no longer use what was prepared.
   *
   * @param submit - gives it to pg
   * @param done - called once, at once when the server has answered
   * @returns whether it was sent; see {@link known}
   */
  ask(text: string, values: readonly unknown[], submit: (query: KnownQuery) => void, done: (error: unknown, answer?: PgResult) => void): boolean {
    const query = this.known(text, values, (error, answer) => {
      if (answer !== undefined || !this.#isUnusable(error, query!.name)) return done(error, answer)
      // Nothing of it has been done. Its name stays its own, even where the engine was made anew meanwhile.
      submit(this.#query(query!.name, text, query!.values, done))
    })
    if (query === undefined) return false
    submit(query)
    return true
  }

  /** The application may have dropped them itself. */
  answered(text: string, commands: readonly (string | undefined)[]): void {
    if (commands.some((command) => command === 'DEALLOCATE' || command === 'DISCARD') && DROPS_ALL.test(text)) this.#forgetAll()
  }

  /**
   * Makes room for it: it is sent next.
   *
   * @returns its columns, if they are known
   */
  keep(name: string): Shape | undefined {
    if (this.#epoch !== this.#names.epoch) this.#forgetAll()
    this.#epoch = this.#names.epoch
    let shape = this.#kept.get(name)
    if (shape === undefined) {
      const oldest = this.#kept.set(name, (shape = UNKNOWN))
      if (oldest !== undefined) this.#closing.push(oldest[0])
    }
    if (this.#closing.length > 0) for (const other of this.#closing.splice(0)) this.#close(other)
    return shape === UNKNOWN ? undefined : shape
  }

  /** It goes out before the statement that follows, and the server answers both at once. */
  #close(name: string): void {
    const { connection } = this.#client
    delete connection.parsedStatements[name]
    connection.close({ type: 'S', name })
  }

  #isUnusable(error: unknown, name: string): boolean {
    if (!isUnusable(error)) return false
    const { code } = error as { code: string }
    if (code === '0A000') this.#names.epoch++
    else if (code === '26000') this.#forgetAll()
    this.#forget(name)
    return true
  }

  #forget(name: string): void {
    this.#kept.delete(name)
    this.#closing.push(name)
  }

  #forgetAll(): void {
    for (const name of this.#kept.keys()) this.#forget(name)
  }
}

/** Values in the form in which they are sent; undefined where one of them is not as simple as that. */
function asSent(values: readonly unknown[]): (string | null)[] | undefined {
  const sent: (string | null)[] = []
  for (const value of values) {
    if (value === null || typeof value === 'string') sent.push(value)
    else if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') sent.push(String(value))
    else return undefined
  }
  return sent
}
