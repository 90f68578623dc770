// Runs once, after all test files.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { SERVER_FILE } from './databases.ts'
import { type PostgresServer, stopPostgres } from './postgres-server.ts'

if (existsSync(SERVER_FILE)) {
  await stopPostgres(JSON.parse(readFileSync(SERVER_FILE, 'utf8')) as PostgresServer)
  rmSync(SERVER_FILE)
}
