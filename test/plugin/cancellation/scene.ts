// A handler that runs a statement, a client that leaves meanwhile, and what must have become of both.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Test } from 'tap'
import { until } from '../endings/ending.ts'
import { Administrator } from './administrator.ts'
import type { Client } from './clients.ts'
import { allBack, library, listen, service, type ServiceOptions, type Writer, writerOf } from './service.ts'
import { type Loot, plunder } from './statements.ts'

export type Act = (writer: Writer, loot: Loot, request: FastifyRequest) => Promise<unknown>

/** What happens to the requests of one test. */
export class Run {
  /** All handlers have what they need, and are about to run the statement. */
  readonly ready = Promise.withResolvers<void>()
  /** Lets them. */
  readonly go = Promise.withResolvers<void>()
  /** The requests have ended for the server. */
  readonly ended = Promise.withResolvers<void>()
  /** What became of the statements: 'done', or the code of the error. */
  readonly outcome = Promise.withResolvers<string>()
  readonly act: Act
  readonly #requests: number
  #ready = 0
  #ended = 0
  readonly #outcomes: string[] = []

  constructor(act: Act, requests: number) {
    this.act = act
    this.#requests = requests
  }

  async handle(request: FastifyRequest): Promise<void> {
    try {
      const writer = writerOf(request)
      const loot = await plunder(writer)
      if (++this.#ready === this.#requests) this.ready.resolve()
      await this.go.promise
      await this.act(writer, loot, request)
      this.#note('done')
    } catch (error) {
      this.ready.reject(error)
      this.#note((error as { code?: string }).code ?? String(error))
    }
  }

  end(): void {
    if (++this.#ended === this.#requests) this.ended.resolve()
  }

  #note(outcome: string): void {
    this.#outcomes.push(outcome)
    if (this.#outcomes.length === this.#requests) this.outcome.resolve([...new Set(this.#outcomes)].join(', '))
  }
}

export interface Scene {
  readonly app: FastifyInstance
  readonly port: number
  readonly url: string
  readonly admin: Administrator
  /** What the next requests will do. */
  next(act: Act, requests?: number): Run
}

export interface SceneOptions extends ServiceOptions {
  readonly url?: string
  /** The options of the route. */
  readonly route?: object
  /** Sends the answer; the statement runs in `handle`. */
  readonly answer?: (handle: () => Promise<void>) => unknown
}

/** A service with one route, `/`, on a database of its own. */
export async function scene(t: Test, { url: given, route = {}, answer = async (handle) => (await handle(), 'done'), ...options }: SceneOptions = {}): Promise<Scene> {
  const url = given ?? (await library(t))
  const admin = await Administrator.of(t, url)
  const app = await service(t, url, options)
  let run: Run | undefined
  app.addHook('onRequest', async (_request, { raw }) => void raw.once('close', () => run!.end()))
  app.route({ method: ['GET', 'POST'], url: '/', ...route, handler: async (request) => await answer(async () => await run!.handle(request)) })
  const port = await listen(app)
  return { app, port, url, admin, next: (act, requests = 1) => (run = new Run(act, requests)) }
}

interface Leaving {
  readonly requests?: number
  /** The tables that it waits for. */
  readonly tables?: string
}

/** Has a handler run something that waits for a table, and the client leave; checks that it is stopped and that nothing is left of it. */
export async function leaveWhile(t: Test, { admin, app, ...scene }: Scene, client: Client, act: Act, { requests = 1, tables }: Leaving = {}): Promise<void> {
  const before = await admin.waiting()
  const run = scene.next(act, requests)
  const leave = await client({ app, port: scene.port })
  await run.ready.promise
  await admin.holdTables(tables)
  run.go.resolve()
  const mine = async (): Promise<number[]> => (await admin.waiting()).filter((pid) => !before.includes(pid))
  t.ok(await until(async () => (await mine()).length >= requests), 'the statement runs')
  const pids = await mine()
  leave()
  t.ok(await until(async () => (await mine()).length === 0), 'the statement is stopped')
  t.equal(await run.outcome.promise, 'SQLASSIST_SESSION_CLOSED', 'the handler is told')
  t.ok(await until(() => allBack(app.sqlassist)), 'all connections are back')
  const backends = await admin.backends()
  t.ok(pids.every((pid) => backends.includes(pid)), 'they are the same ones, not new ones')
  t.strictSame(await admin.idleInTransaction(), [], 'and in no transaction')
  await admin.letGo()
  t.equal(await admin.unwanted(), 0, 'nothing was saved')
}
