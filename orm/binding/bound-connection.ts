import type { Connection, MikroORM } from '@mikro-orm/core'
import { Binder, type BoundStatement } from './binder.ts'
import type { Literals } from './literals.ts'
import { type LiteralPlatform, writesUsualLiterals } from './platform.ts'

/** What MikroORM's connection makes of a statement: with literals, for kysely. */
interface Prepared {
  readonly query: string
  readonly params: readonly unknown[]
  readonly formatted: string
}

interface CompiledQuery {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** The parts of kysely that MikroORM's connection sends statements with. */
interface Sender {
  executeQuery(query: CompiledQuery, ...more: unknown[]): Promise<unknown>
  getExecutor(): { stream(query: CompiledQuery, ...more: unknown[]): unknown }
}

/** The parts of MikroORM's `AbstractSqlConnection` that we build on. */
interface SqlConnection {
  prepareQuery(query: unknown, params?: unknown): Prepared
  execute(query: unknown, params?: unknown, method?: unknown, context?: Sender, ...more: unknown[]): Promise<unknown>
  stream(query: unknown, params?: unknown, context?: Sender, ...more: unknown[]): AsyncGenerator<unknown>
  getClient(): Sender
  ensureConnection(): Promise<unknown>
}

// oxlint-disable-next-line typescript/no-explicit-any -- a mixin's base class must take any arguments
type ConnectionClass = new (...args: any[]) => SqlConnection

/** Whose statements are to be bound. */
interface Binding {
  /** Asked when it is connected: what its connections are may be known only then. */
  readonly binds: boolean
}

const binders = new WeakMap<object, { readonly binding: Binding; readonly binder: Binder }>()
const classes = new WeakMap<ConnectionClass, ConnectionClass>()

/**
 * Lets the connections of a MikroORM send values beside their statements, where MikroORM writes them into the text. Its own connection class goes on doing
 * everything else: what is logged, how it is cancelled, what the answer is made into.
 */
export function bindParameters(orm: MikroORM, literals: Literals, binding: Binding): void {
  const platform = orm.driver.getPlatform() as unknown as LiteralPlatform
  if (!writesUsualLiterals(platform)) return
  const connection = orm.driver.getConnection('write') as unknown as Connection & SqlConnection
  if (!binders.has(connection)) Object.setPrototypeOf(connection, boundClass(connection.constructor as ConnectionClass).prototype as object)
  binders.set(connection, { binding, binder: new Binder(literals, platform) })
}

function boundClass(Base: ConnectionClass): ConnectionClass {
  let Bound = classes.get(Base)
  if (Bound === undefined) classes.set(Base, (Bound = makeClass(Base)))
  return Bound
}

function makeClass(Base: ConnectionClass): ConnectionClass {
  /** Of the statement that was prepared last: MikroORM sends it before anything else can run. */
  let prepared: { readonly formatted: string; readonly bound: BoundStatement | undefined } | undefined
  const bound = <Q extends CompiledQuery>(query: Q): Q => {
    const statement = prepared?.formatted === query.sql ? prepared.bound : undefined
    prepared = undefined
    return statement === undefined ? query : { ...query, sql: statement.text, parameters: statement.values }
  }
  const binding = (connection: SqlConnection, context: Sender | undefined): Sender => ({
    executeQuery: async (query, ...more) => await (context ?? connection.getClient()).executeQuery(bound(query), ...more),
    getExecutor() {
      const executor = (context ?? connection.getClient()).getExecutor()
      return { stream: (query, ...more) => executor.stream(bound(query), ...more) }
    },
  })
  return class BoundConnection extends Base {
    override prepareQuery(query: unknown, params?: unknown): Prepared {
      const asked = super.prepareQuery(query, params)
      const { binding: { binds }, binder } = binders.get(this)!
      prepared = { formatted: asked.formatted, bound: binds ? binder.bind(asked.query, asked.params) : undefined }
      return asked
    }

    override async execute(query: unknown, params?: unknown, method?: unknown, context?: Sender, ...more: unknown[]): Promise<unknown> {
      return await super.execute(query, params, method, binding(this, context), ...more)
    }

    override stream(query: unknown, params?: unknown, context?: Sender, ...more: unknown[]): AsyncGenerator<unknown> {
      return super.stream(query, params, binding(this, context), ...more)
    }
  }
}
