// A service with a small pool, which notes who waits for a connection, and who gets one.
import type { AddressInfo } from 'node:net'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import sqlassist, { type Session } from 'fastify-sqlassist'
import type { EngineLimits } from 'fastify-sqlassist/orm'
import { Line } from '../line.ts'
import { Times } from '../times.ts'

export const POOL_MAX = 5

/** The waits of a crowd. */
export class Waits {
  readonly served = new Times()
  readonly refused = new Times()
  /** Of each who was served: the number under which it had come. */
  readonly order: number[] = []
  #come = 0

  /** @returns what takes the place in the line: to be called when the wait is over */
  come(): (served: boolean) => void {
    const number = this.#come++
    const started = performance.now()
    return (served) => {
      ;(served ? this.served : this.refused).add(performance.now() - started)
      if (served) this.order.push(number)
    }
  }

  /** How far from their place in the line those who were served came, on average, in % of the line. */
  get skew(): number {
    const places = this.order.toSorted((one, other) => one - other)
    const place = new Map(places.map((number, index) => [number, index]))
    const distance = this.order.reduce((sum, number, index) => sum + Math.abs(place.get(number)! - index), 0)
    return this.order.length === 0 ? 0 : (100 * distance) / this.order.length ** 2
  }
}

export interface CrowdService {
  readonly port: number
  readonly app: FastifyInstance
}

export async function startService(url: string, limits: EngineLimits, waits: Waits): Promise<CrowdService> {
  const config = defineConfig({ clientUrl: url, entities: [Line], pool: { max: POOL_MAX } })
  const app = Fastify({ http2: true }) as unknown as FastifyInstance
  await app.register(sqlassist, { engines: { writer: { config, limits } } })
  addRoutes(app, waits)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: (app.server.address() as AddressInfo).port }
}

const writerOf = (request: FastifyRequest): Session<EntityManager> => (request.dbSession as unknown as { writer: Session<EntityManager> }).writer

function addRoutes(app: FastifyInstance, waits: Waits): void {
  const begin = async (em: { begin(): Promise<void> }): Promise<void> => {
    const over = waits.come()
    await em.begin().then(() => over(true), (error: unknown) => {
      over(false)
      throw error
    })
  }
  app.get('/one', async (request) => {
    const writer = writerOf(request)
    await begin(writer)
    const count = await writer.count(Line)
    await writer.commit()
    return count
  })
  // Holds one connection and wants another one of the same pool: whoever does that beside others waits for them, and they for it.
  app.get('/two', async (request) => {
    const writer = writerOf(request)
    await begin(writer)
    const other = writer.fork()
    await begin(other)
    await other.commit()
    await writer.commit()
    return 'both'
  })
}
