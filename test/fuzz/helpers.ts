// Random calls of UtilityObject's helpers with hostile values: node --conditions=fastify-sqlassist-source --import=tsx test/fuzz/helpers.ts
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { asSuperuser } from '../support/databases.ts'
import { startPostgres, stopPostgres } from '../support/postgres-server.ts'
import { fuzz, type Report } from './fuzz.ts'

const HELP = `Usage: helpers.ts [--calls N] [--seed N]

  --calls N   how many calls on each database (default 100000)
  --seed N    the same seed makes the same calls (default: from the clock)
  --help      this text

Uses the PostgreSQL server of DATABASE_URL (a superuser's URL), else starts one of its own. Exits with 1 if a call gave an error of the
database, another row than it should, or a statement whose text depends on a value.`

const { values } = parseArgs({ options: { calls: { type: 'string', default: '100000' }, seed: { type: 'string' }, help: { type: 'boolean', default: false } } })
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const calls = wholeNumber('calls', values.calls)
const seed = values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('seed', values.seed)

const given = process.env['DATABASE_URL']
const server = given === undefined ? await startPostgres() : undefined
const serverUrl = given ?? server!.url
const name = `fuzz_${randomUUID().replaceAll('-', '')}`
const directory = mkdtempSync(join(tmpdir(), 'sqlassist-fuzz-'))
try {
  await asSuperuser(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  console.log(`${calls} calls on each database, --seed ${seed}`)
  const reports: Report[] = [] // one after the other: SQLite's calls never let the event loop go, and the other connection would time out
  for (const place of [url.href, join(directory, 'fuzz.sqlite')]) reports.push(await fuzz(place, calls, seed))
  console.table(reports.map(({ failures, ...report }) => ({ ...report, failures: failures.length })))
  for (const { database, failures } of reports) for (const failure of failures) console.log(`${database}, ${failure}`)
  if (reports.some(({ failures }) => failures.length > 0)) process.exitCode = 1
} finally {
  rmSync(directory, { recursive: true, force: true })
  await asSuperuser(serverUrl, `drop database if exists ${name} with (force)`)
  if (server !== undefined) await stopPostgres(server)
}

function wholeNumber(option: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) {
    console.error(`--${option} must be a whole number\n\n${HELP}`)
    process.exit(2)
  }
  return Number(value)
}
