import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SharedDatabase } from './shared/shared-database.ts'
import { Visitor } from './shared/visitor.ts'

/** pg's name for a socket's file has a port in it. */
const PORT = 5432

/** Where the connections of an application lead to during its tests: nobody but this user can come in, so nobody is asked for a password. */
export async function openEntrance(shared: SharedDatabase): Promise<Record<string, unknown>> {
  const server = createServer((socket) => void new Visitor(socket, shared)).unref()
  /* c8 ignore next 5 -- Windows has no such files */
  if (process.platform === 'win32') {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, ssl: false }
  }
  const directory = mkdtempSync(join(tmpdir(), 'fastify-sqlassist-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  server.listen(join(directory, `.s.PGSQL.${PORT}`))
  await once(server, 'listening')
  return { host: directory, port: PORT, ssl: false }
}
