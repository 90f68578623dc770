// Runs a list of endings, each over real sockets against a real database, and checks that nothing is left of any of them.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import t, { type Test } from 'tap'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { unrefused } from './late-uses.ts'
import { Note } from './model.ts'
import { Recorder } from './recorder.ts'
import { checkReport, type ReportRow } from './report.ts'
import { type Database, makeService, portOf, prepare, statsOf, type Writer } from './service.ts'
import { type Opening, Work } from './work.ts'

/** What the client's side of an ending has at hand. */
export interface Scene {
  readonly app: FastifyInstance
  readonly port: number
  readonly work: Work
}

/** One way in which a request ends. */
export interface Ending {
  readonly name: string
  /** Options of the server. */
  readonly server?: object
  readonly closeTimeoutMs?: number
  readonly before?: (app: FastifyInstance) => Promise<unknown> | void
  readonly routes: (app: FastifyInstance, work: Work) => unknown
  /** The client's side: resolves to what the client saw. */
  readonly client: (scene: Scene) => Promise<string>
  /** What Fastify and Node.js report, with how often. */
  readonly fired: string
  /** How many requests open a transaction. */
  readonly requests?: number
  /** The request does not end by itself: `app.close()` ends it. */
  readonly endedByClose?: boolean
}

/** Tests a list of endings on both databases, and compares what happened with the section of docs/endings.md. */
export function testEndings(section: string, endings: readonly Ending[]): void {
  t.test(`${section} on PostgreSQL`, async (t) => {
    const database: Database = { dialect: 'postgresql', at: await postgresDatabase(t) }
    await prepare(database)
    const admin = new pg.Client({ connectionString: database.at, application_name: 'the test itself' })
    await admin.connect()
    t.teardown(async () => await admin.end())
    const rows: ReportRow[] = []
    for (const ending of endings) {
      await t.test(ending.name, async (t) => void rows.push(await run(t, ending, database, 'begin()', admin)))
      await t.test(`${ending.name}, in transactional()`, async (t) => void (await run(t, ending, database, 'transactional()', admin)))
    }
    checkReport(t, section, rows)
  })
  t.test(`${section} on SQLite`, async (t) => {
    const database: Database = { dialect: 'sqlite', at: sqliteFile(t) }
    await prepare(database)
    // One connection: a second transaction would wait for the first, and here that one only ends when both clients have gone.
    for (const ending of endings) if ((ending.requests ?? 1) === 1) await t.test(ending.name, async (t) => void (await run(t, ending, database, 'begin()')))
  })
}

let count = 0

async function run(t: Test, ending: Ending, database: Database, opening: Opening, admin?: pg.Client): Promise<ReportRow> {
  const requests = ending.requests ?? 1
  const work = new Work(`${ending.name} ${++count}`, opening, requests)
  const recorder = new Recorder()
  const app = await makeService({
    database,
    closeTimeoutMs: ending.endedByClose ? 100 : (ending.closeTimeoutMs ?? 10_000),
    ...(ending.server === undefined ? {} : { server: ending.server }),
    ...(ending.before === undefined ? {} : { before: ending.before }),
  })
  t.teardown(async () => await app.close())
  recorder.listen(app)
  work.listen(app)
  await ending.routes(app, work)
  await app.listen({ port: 0, host: '127.0.0.1' })

  const client = ending.client({ app, port: portOf(app), work })
  if (ending.endedByClose) {
    await work.opened()
    await app.close()
    work.step('closed').resolve()
  }
  const seen = await client

  // Exactly one close per container, and everything that was to fire has fired, and no more.
  const closed = await until(() => statsOf(app).sessions.closed >= requests && recorder.summary === ending.fired)
  t.strictSame(statsOf(app).sessions, { open: 0, opened: requests, closed: requests }, 'one close per container')

  // The connection is back, and not in a transaction.
  const back = await until(() => isBack(app))
  t.ok(back, `all connections are back: ${JSON.stringify(statsOf(app).pool)}`)
  if (admin !== undefined) {
    const idle = await until(async () => (await idleInTransaction(admin)) === 0)
    t.ok(idle, 'no connection is idle in a transaction')
  }
  const rolledBack = (await notesLeft(app, work, database)) === 0
  t.ok(rolledBack, 'the transaction is rolled back')

  // Whatever is used later is refused, inside the handler and outside, and opens nothing.
  const before = JSON.stringify(app.sqlassist.stats())
  const late = [...(await work.unrefused()), ...(await Promise.all(work.held.map(async (held) => await unrefused(held)))).flat()]
  t.equal(work.held.length, requests, 'all requests were inside their transactions')
  t.strictSame(late, [], 'late use is refused')
  t.equal(JSON.stringify(app.sqlassist.stats()), before, 'late use opens nothing')
  await app.close()
  t.equal(recorder.summary, ending.fired, 'what fired')
  return { ending: ending.name, seen, fired: recorder.summary, rolledBack, back: closed && back, refused: late.length === 0 }
}

function isBack(app: FastifyInstance): boolean {
  return ['writer', 'reader'].every((engine) => {
    const { pool } = statsOf(app, engine)
    return pool === null || (pool.total === pool.idle && pool.waiting === 0 && pool.total <= pool.max)
  })
}

/** Reads through a new session of the same engine where that still lives, so that a lost connection would show here too. */
async function notesLeft(app: FastifyInstance, { text }: Work, database: Database): Promise<number> {
  const fresh = await makeService({ database })
  try {
    await using container = fresh.sqlassist.session()
    return await (container as unknown as { writer: Writer }).writer.count(Note, { text })
  } finally {
    await fresh.close()
  }
}

async function idleInTransaction(admin: pg.Client): Promise<number> {
  const { rows } = await admin.query<{ n: number }>(`select count(*)::int n from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)
  return rows[0]!.n
}

/** Polls for a condition, generously. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await condition()) return true
    await sleep(10)
  }
  return false
}
