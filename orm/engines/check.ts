import type { MikroORM } from '@mikro-orm/core'
import { settlesWithin } from '../bounded.ts'
import type { EnginePool } from '../postgres/engine-pool.ts'
import type { ServerHealth } from '../postgres/health.ts'
import { reasonOf } from '../postgres/server-errors.ts'
import { askSqlite } from '../sqlite/reopen.ts'
import { dialectOf } from './dialect.ts'

/** The part of an engine that is asked. */
interface CheckedEngine {
  readonly orm: MikroORM
  readonly pool: EnginePool | undefined
  readonly readonly: boolean
}

/** What `sqlassist.check()` says of one engine. */
export interface EngineHealth {
  /** The database answers. */
  readonly ok: boolean
  /** How long it took to answer, or to find out that it does not, in ms. */
  readonly latencyMs: number
  /** Whether writes are refused: always on a readonly engine; on a writable one the database has been demoted. */
  readonly readOnly: boolean
  /** PostgreSQL standbys: how far behind they are, in ms. */
  readonly lagMs?: number
  /** Why it is not ok. Holds no password. */
  readonly error?: string
  /** Engines with `replicas`: the same of each of their servers, by name. The engine is ok where one of them is. */
  readonly servers?: Readonly<Record<string, EngineHealth>>
}

/** What `sqlassist.check()` resolves to. */
export interface Health {
  /** Every engine is ok, and no writable one has become read-only. */
  readonly ok: boolean
  /** How each engine is, by name. */
  readonly engines: Readonly<Record<string, EngineHealth>>
}

/** How long a database whose connections are not ours may take to answer, in ms. */
const CHECK_TIMEOUT_MS = 1000

/** Asks the database of an engine how it is. Never rejects. */
export async function checkEngine(engine: CheckedEngine): Promise<EngineHealth> {
  return await answerOf(async () => await ask(engine), engine.readonly)
}

async function answerOf(question: () => Promise<ServerHealth>, readonly: boolean): Promise<EngineHealth> {
  const start = performance.now()
  const latencyMs = (): number => Math.round((performance.now() - start) * 10) / 10
  try {
    const { readOnly, lagMs } = await question()
    return { ok: true, latencyMs: latencyMs(), readOnly, ...(lagMs === undefined ? {} : { lagMs }) }
  } catch (error) {
    return { ok: false, latencyMs: latencyMs(), readOnly: readonly, error: reasonOf(error) }
  }
}

/** Asks all servers of an engine with replicas. Never rejects. */
export async function checkServers(servers: readonly { readonly name: string; readonly pool: EnginePool }[]): Promise<EngineHealth> {
  const asked = await Promise.all(servers.map(async ({ name, pool }) => [name, await answerOf(async () => await pool.check(), true)] as const))
  const answered = asked.map(([, health]) => health).filter(({ ok }) => ok)
  const lags = answered.flatMap(({ lagMs }) => lagMs ?? [])
  const latencyMs = Math.min(...(answered.length > 0 ? answered : asked.map(([, health]) => health)).map((health) => health.latencyMs))
  const error = answered.length > 0 ? {} : { error: asked.map(([name, health]) => `${name}: ${health.error}`).join('; ') }
  return { ok: answered.length > 0, latencyMs, readOnly: true, ...(lags.length > 0 ? { lagMs: Math.min(...lags) } : {}), ...error, servers: Object.fromEntries(asked) }
}

async function ask({ orm, pool, readonly }: CheckedEngine): Promise<ServerHealth> {
  if (pool !== undefined) {
    ;(orm.driver.getConnection() as { getClient?(): unknown }).getClient?.() // makes the pool, where nothing has yet
    if (pool.stats() !== null) return await pool.check()
  }
  const answer = dialectOf(orm.config.get('driver')) === 'sqlite' ? askSqlite(orm) : orm.driver.getConnection().execute('select 1')
  if (!(await settlesWithin(answer, CHECK_TIMEOUT_MS))) throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)
  return { readOnly: readonly }
}
