import { settlesWithin } from '../../../orm/bounded.ts'
import { type Engine, ExplainRefusedError } from '../../../orm/index.ts'

/** How long to wait for the one connection that an engine has, in ms. */
const TIMEOUT_MS = 5000

interface PlanRow {
  readonly id: number
  readonly parent: number
  readonly detail: string
}

/** SQLite makes a program of the statement and describes it, and takes no transaction for that. */
export async function planOnSqlite(engine: Engine, sql: string): Promise<string> {
  const rows = engine.orm.em.fork().getConnection().execute<PlanRow[]>(`explain query plan ${sql}`)
  rows.catch(() => {}) // it may be given up and fail later
  if (await settlesWithin(rows, TIMEOUT_MS)) return asTree(await rows)
  /* c8 ignore next 2 -- somebody would have to hold the connection for that long */
  throw new ExplainRefusedError(`the connection of engine '${engine.name}' was not free within ${TIMEOUT_MS} ms`)
}

function asTree(rows: readonly PlanRow[]): string {
  const depths = new Map<number, number>([[0, -1]])
  return rows.map(({ id, parent, detail }) => {
    const depth = (depths.get(parent) ?? -1) + 1
    depths.set(id, depth)
    return `${'  '.repeat(depth)}${detail}`
  }).join('\n')
}
