// Runs once, before all test files: a PostgreSQL server for them, unless DATABASE_URL names one.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { SERVER_FILE } from './databases.ts'
import { startPostgres } from './postgres-server.ts'

if (process.env['DATABASE_URL'] === undefined) {
  mkdirSync(dirname(SERVER_FILE), { recursive: true })
  writeFileSync(SERVER_FILE, JSON.stringify(await startPostgres()))
}
