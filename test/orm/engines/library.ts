// A small application: a library with shelves and books, and what the tests of engines need around it.
import { createServer } from 'node:net'
import { inspect } from 'node:util'
import { Collection, type Dictionary, type Options } from '@mikro-orm/core'
import { Entity, Filter, ManyToOne, OneToMany, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { defineConfig as postgres, type Options as PostgreSqlOptions } from '@mikro-orm/postgresql'
import { defineConfig as sqlite, type Options as SqliteOptions } from '@mikro-orm/sqlite'
import type { SqlEntityManager } from '@mikro-orm/sql'
import type { Session, SqlAssistError, SqlAssistLogger } from 'fastify-sqlassist/orm'
import { asSuperuser } from '../../support/databases.ts'
import { eventually } from '../../support/eventually.ts'

export { eventually }

@Entity()
export class Shelf {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  label!: string

  @OneToMany(() => Book, (book) => book.shelf)
  books = new Collection<Book>(this)
}

@Entity()
@Filter({ name: 'lent', cond: { lent: false }, default: false })
@Filter({ name: 'titled', cond: (args: Dictionary) => ({ title: String(args['title']) }), default: false })
export class Book {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  title!: string

  @Property({ type: 'boolean' })
  lent = false

  @Property({ type: 'json', nullable: true })
  notes?: unknown

  @Property({ type: 'Date', nullable: true })
  boughtAt?: Date

  @ManyToOne(() => Shelf, { nullable: true })
  shelf?: Shelf

  constructor(title: string) {
    this.title = title
  }
}

export const entities = [Shelf, Book]

export const onPostgres = (clientUrl: string, options: Partial<Options> = {}): PostgreSqlOptions =>
  postgres({ clientUrl, entities, ...options } as never) as PostgreSqlOptions

export const onSqlite = (dbName: string, options: Partial<Options> = {}): SqliteOptions =>
  sqlite({ dbName, entities, ...options } as never) as SqliteOptions

/** The error that a call ends with, whether it throws or rejects. */
export async function errorOf(fn: () => unknown): Promise<SqlAssistError> {
  try {
    await fn()
  } catch (error) {
    return error as SqlAssistError
  }
  throw new Error('expected an error, and there was none')
}

/** Keeps every line that is written. */
export function recordingLogger(): SqlAssistLogger & { readonly lines: { level: string; context: object; message: string }[] } {
  const lines: { level: string; context: object; message: string }[] = []
  const at = (level: string) => (context: object, message: string) => void lines.push({ level, context, message })
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** How many connections a database has, ours for asking not counted. */
export async function connectionsTo(url: string): Promise<number> {
  const [row] = await asSuperuser<{ n: number }>(url, 'select count(*)::int as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
  return row!.n
}

/** Waits until a database has no connections any more: a server takes a moment to let go of one. */
export async function disconnected(url: string): Promise<boolean> {
  await eventually(async () => (await connectionsTo(url)) === 0)
  return true
}

/** A port that nobody listens on. */
export async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Everything that somebody could read of an error: message, stack, causes, properties. */
export const everythingIn = (error: unknown): string => inspect(error, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null })

/** A session past the types, which refuse to write on a readonly one: in JavaScript nobody is stopped by them. */
export const untyped = (session: unknown): Session<SqlEntityManager> => session as Session<SqlEntityManager>
