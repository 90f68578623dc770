import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BOOKS } from '../harness/database.ts'
import { Load, request } from '../harness/load.ts'
import { Server } from '../harness/server.ts'
import type { Variant } from './variants.ts'

/** A process with the application in it, and connections to it. */
export interface Served {
  readonly variant: Variant
  readonly server: Server<number>
  readonly load: Load
}

const HERE = fileURLToPath(new URL('../../', import.meta.url))
const requests = Array.from({ length: BOOKS }, (_, index) => request('GET', `/books/${index + 1}`))

export async function serve(variant: Variant, url: string, connections: number): Promise<Served> {
  const { folder = HERE, registers, flags } = variant
  const server = await Server.start<number>('debug-panel/server.ts', { url, folder: resolve(folder), registers }, flags)
  return { variant, server, load: await Load.open(server.begun, connections, requests) }
}
