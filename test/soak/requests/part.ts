// Requests that are aborted at random, and nothing may be left of any of them.
import { Database } from '../database.ts'
import type { Part, Scene } from '../part.ts'
import { startBareService } from './bare-service.ts'
import { Clients } from './clients.ts'
import { promiseAudit, promisePools } from './promises.ts'
import { type Driven, drive } from './drive.ts'
import { startService } from './service.ts'

/** How many portions the requests come in at most, with a sample of the heap after each. */
const PORTIONS = 40

const portionsOf = (size: number): number => Math.min(PORTIONS, Math.ceil(size / 20))

/** Below, the samples say nothing: caches are being filled. */
const ENOUGH_FOR_HEAP = 50_000
const BYTES_A_REQUEST = 5

export const requests: Part = {
  name: 'requests',
  title: 'Requests, 30 % aborted',
  help: 'requests over GET, POST, streams, pipelining and HTTP/2, 30 % of them aborted',
  async run(scene) {
    const { report, size } = scene
    const ours = await measureOurs(scene)
    scene.say('the same without us')
    const bare = await measureBare({ ...scene, size: Math.ceil(size / 2) })
    if (size >= ENOUGH_FOR_HEAP) report.promise(`heap over the last half, objects < ${BYTES_A_REQUEST} bytes a request`, ours.heap.slope.bytesPerRequest < BYTES_A_REQUEST, ours.heap)
    else report.figure('heap over the last half, bytes a request', ours.heap)
    report.figure('heap of the same service by hand, bytes a request', bare.heap)
    report.figure('requests a second, with us and by hand', `${(size / ours.seconds).toFixed(0)}, ${(size / 2 / bare.seconds).toFixed(0)}`)
  },
}

async function measureOurs({ server, random, report, size, patience, pipeline, say }: Scene): Promise<Driven> {
  const database = await Database.create(server.url)
  const service = await startService(database.url, pipeline)
  const clients = new Clients(service, random)
  const quiet = async (): Promise<boolean> => service.quiet() && (await database.idleInTransaction()) === 0
  const driven = await drive({ clients, size, portions: portionsOf(size), quiet, say })
  clients.close()
  const share = (part: number): string => `${part} (${((100 * part) / clients.requests).toFixed(1)} %)`
  report.figure('requests', clients.requests)
  report.figure('answered', share(clients.answered))
  report.figure('left before the whole answer', share(clients.left))
  report.tally('seen by the server', service.ends)
  report.tally('errors', clients.errors)
  const rest = `${Math.round(driven.restMs)} ms`
  report.promise('nothing idle in transaction, idle = total, waiting = 0 within 1 s of the last answer', driven.restMs < 1000 * patience, rest)
  promisePools(report, service)
  await promiseAudit(report, clients.ledger, database)
  report.promise('requests broken off by the server = 0', clients.broken === 0, clients.broken)
  await service.close()
  const left = await database.connectionsLeft()
  report.promise('connections after close() = 0', left === 0, left)
  await database.drop()
  return driven
}

async function measureBare({ server, random, size, say }: Scene): Promise<Driven> {
  const database = await Database.create(server.url)
  const service = await startBareService(database.url)
  const clients = new Clients(service, random)
  const driven = await drive({ clients, size, portions: portionsOf(size), quiet: async () => service.quiet(), say })
  clients.close()
  await service.close()
  await database.drop()
  return driven
}
