// npm run soak: thousands of requests, a third of them aborted at random moments, and nothing may be left of any of them.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { type PostgresServer, startPostgres, stopPostgres } from '../support/postgres-server.ts'
import { Clients } from './clients.ts'
import { Random } from './random.ts'
import { POOL_MAX, type SoakService, startService } from './service.ts'

const HELP = `Usage: npm run soak -- [--requests N] [--seed N]

  --requests N   how many requests (default 20000)
  --seed N       the same seed makes the same choices (default: from the clock)
  --help         this text

Uses the PostgreSQL server of DATABASE_URL (a superuser's URL), else starts one of its own. Exits with 1 if anything is left behind.`

const CONCURRENCY = 24
const TIME_LIMIT_MS = 180_000
const SETTLE_TRIES = 200

const { values } = parseArgs({ options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string' }, help: { type: 'boolean', default: false } } })
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const requests = wholeNumber('requests', values.requests)
const seed = values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('seed', values.seed)

const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))
process.on('uncaughtException', (error) => unhandled.push(error))

let server: PostgresServer | undefined
let failed = true
try {
  const given = process.env['DATABASE_URL']
  server = given === undefined ? await startPostgres() : undefined
  failed = await soak(given ?? server!.url)
} catch (error) {
  console.error(error) // our listener for uncaught exceptions would swallow it
} finally {
  if (server !== undefined) await stopPostgres(server)
}
process.exit(failed ? 1 : 0)

/** @returns whether a check has failed */
async function soak(serverUrl: string): Promise<boolean> {
  const admin = new pg.Client({ connectionString: serverUrl })
  await admin.connect()
  const name = `soak_${randomUUID().replaceAll('-', '')}`
  await admin.query(`create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const database = new pg.Client({ connectionString: url.href, application_name: 'the soak itself' })
  await database.connect()
  try {
    console.log(`soak: ${requests} requests, seed ${seed}, ${CONCURRENCY} at a time, pool of ${POOL_MAX}`)
    const service = await startService(url.href)
    const clients = new Clients(service, new Random(seed))
    const started = Date.now()
    await drive(clients, started)
    const seconds = (Date.now() - started) / 1000
    clients.close()
    await settle(service, database)
    const checks = await check(service, clients, database)
    print(service, clients, seconds)
    await service.close()
    const left = await connectionsLeft(database)
    checks.push(['connections after close() = 0', left === 0, left])
    checks.push(['unhandled rejections and uncaught exceptions = 0', unhandled.length === 0, unhandled.length])
    for (const [text, ok, figure] of checks) console.log(`${ok ? 'ok  ' : 'FAIL'} ${text} (${String(figure)})`)
    for (const reason of unhandled.slice(0, 3)) console.error(reason)
    return checks.some(([, ok]) => !ok)
  } finally {
    await database.end()
    await admin.query(`drop database ${name} with (force)`)
    await admin.end()
  }
}

async function drive(clients: Clients, started: number): Promise<void> {
  let nextLine = requests / 10
  const lane = async (): Promise<void> => {
    while (clients.seen.requests < requests && Date.now() - started < TIME_LIMIT_MS) {
      await clients.next()
      if (clients.seen.requests < nextLine) continue
      nextLine += requests / 10
      console.log(`${String(clients.seen.requests).padStart(7)} requests after ${((Date.now() - started) / 1000).toFixed(1)} s`)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
}

/** The last handlers may still be at work when the last client has left. */
async function settle({ counts, sqlassist }: SoakService, database: pg.Client): Promise<void> {
  for (let tries = 0; tries < SETTLE_TRIES; tries++) {
    const pools = Object.values(sqlassist.stats()).map(({ pool }) => pool!)
    const quiet = counts.created === counts.closed && pools.every(({ total, idle, waiting }) => total === idle && waiting === 0)
    if (quiet && (await idleInTransaction(database)) === 0) return
    await sleep(50)
  }
}

type Check = [text: string, ok: boolean, figure: unknown]

async function check({ counts, sqlassist }: SoakService, { seen }: Clients, database: pg.Client): Promise<Check[]> {
  const checks: Check[] = [
    [`all ${requests} requests were made within ${TIME_LIMIT_MS / 1000} s`, seen.requests >= requests, seen.requests],
    ['containers created = closed', counts.created === counts.closed && counts.created > 0, `${counts.created} = ${counts.closed}`],
  ]
  for (const [engine, { sessions, pool }] of Object.entries(sqlassist.stats())) {
    const { total, idle, waiting, max } = pool!
    checks.push([`${engine}: sessions opened = closed`, sessions.opened === sessions.closed, `${sessions.opened} = ${sessions.closed}`])
    checks.push([`${engine}: pool total <= max`, total <= max && max === POOL_MAX, `${total} <= ${max}`])
    checks.push([`${engine}: pool idle = total, waiting = 0`, idle === total && waiting === 0, `${idle} = ${total}, ${waiting}`])
  }
  const idle = await idleInTransaction(database)
  checks.push(['connections idle in transaction = 0', idle === 0, idle])
  const stray = await count(database, `select count(*)::int n from line where text in ('forgotten', 'thrown away')`)
  checks.push(['rows of transactions that were never committed = 0', stray === 0, stray])
  const { rows } = await database.query<{ text: string }>(`select text from line where text like 'saved %'`)
  const kept = new Set(rows.map(({ text }) => text))
  const lost = [...seen.saved].filter((text) => !kept.has(text)).length
  checks.push(['rows lost whose POST was answered 200 = 0', lost === 0, `${lost} of ${seen.saved.size}`])
  checks.push(['requests broken off by the server = 0', seen.broken === 0, seen.broken])
  return checks
}

function print({ counts }: SoakService, { seen }: Clients, seconds: number): void {
  const share = (part: number): string => `${part} (${((100 * part) / seen.requests).toFixed(1)} %)`
  console.log(`${seen.requests} requests in ${seconds.toFixed(1)} s`)
  console.log(`  seen by the clients: answered ${share(seen.answered)}, left before the whole answer ${share(seen.left)}, taken down with their HTTP/2 session ${share(seen.takenDown)}, broken off ${share(seen.broken)}`)
  console.log(`  seen by the server:  ${counts.entries().map(([kind, times]) => `${kind} ${times}`).join('; ')}`)
}

/** The server takes its time to notice that a connection has been closed. */
async function connectionsLeft(database: pg.Client): Promise<number> {
  const sql = `select count(*)::int n from pg_stat_activity where datname = current_database() and application_name like 'fastify-sqlassist/%'`
  let left = await count(database, sql)
  for (let tries = 0; left > 0 && tries < SETTLE_TRIES; tries++) {
    await sleep(50)
    left = await count(database, sql)
  }
  return left
}

async function idleInTransaction(database: pg.Client): Promise<number> {
  return await count(database, `select count(*)::int n from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`)
}

async function count(database: pg.Client, sql: string): Promise<number> {
  return (await database.query<{ n: number }>(sql)).rows[0]!.n
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1) return number
  console.error(`--${name} needs a whole number from 1 on, not '${text}'\n\n${HELP}`)
  return process.exit(2)
}
