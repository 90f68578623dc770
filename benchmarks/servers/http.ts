// The applications that are measured, one for each variant, most often only one in a process.
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { Lane, Peer, PeerModule } from '../peers/peer.ts'
import { answer, cpuMicroseconds } from './answer.ts'

const lanes = JSON.parse(process.argv[2]!) as readonly Lane[]
const ports: number[] = []

for (const { peer: name, setting } of lanes) {
  // Connections are made at once, and wait for their first request until all before them are warm.
  const app = Fastify({ keepAliveTimeout: 3_600_000, requestTimeout: 0, http: { headersTimeout: 0 } })
  const { default: makePeer } = (await import(`../peers/${name}.ts`)) as PeerModule
  const peer: Peer = await makePeer(app, setting)
  app.get('/untouched', () => ({ id: 1 }))
  const { read, write, change, readTen = async (ids, request) => await inTurn(ids, async (id) => await read!(id, request)) } = peer
  if (read !== undefined) {
    app.get<{ Params: { id: string } }>('/read/:id', (request) => read(Number(request.params.id), request))
    app.get<{ Params: { id: string } }>('/ten/:id', (request) => readTen(Array.from({ length: 10 }, (_, index) => Number(request.params.id) + index), request))
  }
  if (write !== undefined) app.post<{ Body: { text: string } }>('/write', (request) => write(request.body.text, request))
  if (change !== undefined) app.post<{ Params: { id: string } }>('/change/:id', { config: peer.changeConfig ?? {} }, (request) => change(Number(request.params.id), request))
  await app.listen({ port: 0, host: '127.0.0.1' })
  ports.push((app.server.address() as AddressInfo).port)
}

answer({
  cpu: cpuMicroseconds,
  heap() {
    for (let times = 0; times < 4; times++) globalThis.gc!()
    return process.memoryUsage().heapUsed
  },
})
process.send!(ports)

async function inTurn<T>(ids: readonly number[], ask: (id: number) => Promise<T>): Promise<T[]> {
  const answers: T[] = []
  for (const id of ids) answers.push(await ask(id))
  return answers
}
