import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { EventBase } from '../../../orm/index.ts'
import type { DebugSettings } from '../options.ts'
import { dialectNamed } from '../engines.ts'
import type { Carefully } from './carefully.ts'
import { recordQueries } from './queries.ts'
import { RequestRecord } from './request-record.ts'
import { recordTimeline, type Told } from './timeline.ts'
import { recordUsage } from './usage.ts'

/** What a listener is told of: a record that has begun, has ended, or has changed after its end. */
export type RecordListener = (record: RequestRecord) => void

/** How long the end of a request is not told while its sessions are still closing, in ms. */
const CLOSING_MS = 1000

/** Keeps what happens in the last requests of an application. Built on the events, and on nothing else. */
export class Recorder {
  readonly #app: FastifyInstance
  readonly #settings: DebugSettings
  readonly #carefully: Carefully
  readonly #records: RequestRecord[] = []
  /** Null: a request that is none of ours, or is to the panel itself. */
  readonly #known = new WeakMap<FastifyRequest, RequestRecord | null>()
  readonly #listeners = new Set<RecordListener>()
  readonly #unsubscribe: readonly (() => void)[]
  readonly #isOwn: (request: FastifyRequest) => boolean
  #ids = 0

  /** @param isOwn - whether a request is to the panel */
  constructor(app: FastifyInstance, settings: DebugSettings, carefully: Carefully, isOwn: (request: FastifyRequest) => boolean) {
    this.#app = app
    this.#settings = settings
    this.#carefully = carefully
    this.#isOwn = isOwn
    const told: Told = (tell) => carefully.wrap((event) => {
      const record = this.#recordOf(event)
      if (record === undefined) return
      record.version++
      tell(record, event)
      if (record.state !== 'running' && record.open.size === 0) this.#tell(record)
    })
    this.#unsubscribe = [...recordQueries(told, (engine) => dialectNamed(app.sqlassist, engine)), ...recordUsage(told, app.sqlassist.engineNames), ...recordTimeline(told)]
  }

  /** Newest first. */
  list(): RequestRecord[] {
    return this.#records.toReversed()
  }

  get(id: number): RequestRecord | undefined {
    return this.#records.find((record) => record.id === id)
  }

  /** Forgets all of them, those that run too. */
  clear(): void {
    this.#records.length = 0
  }

  /** @returns ends the listening */
  listen(listener: RecordListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The record of a request, which begins now if it has not. */
  begin(request: FastifyRequest): RequestRecord | undefined {
    const known = this.#known.get(request)
    if (known !== undefined) return known ?? undefined
    if (this.#isOwn(request) || !this.#isOurs(request)) {
      this.#known.set(request, null)
      return undefined
    }
    const record = new RequestRecord(++this.#ids, request, this.#settings)
    this.#known.set(request, record)
    this.#records.push(record)
    if (this.#records.length > this.#settings.maxRequests) this.#records.shift()
    this.#tell(record)
    return record
  }

  known(request: FastifyRequest): RequestRecord | undefined {
    return this.#known.get(request) ?? undefined
  }

  end(request: FastifyRequest, reply: FastifyReply, answered: boolean): void {
    const record = this.known(request)
    if (record === undefined || record.state !== 'running') return
    record.version++
    record.state = answered ? 'answered' : 'left'
    record.statusCode = answered ? reply.raw.statusCode : null
    record.durationMs = record.since(performance.now())
    if (record.open.size === 0) this.#tell(record)
    else setTimeout(this.#carefully.wrap(() => this.#tell(record)), CLOSING_MS).unref()
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#listeners.clear()
  }

  #recordOf(event: EventBase): RequestRecord | undefined {
    const request = event.owner?.info.request
    // A hook before ours may use sessions.
    return request === undefined ? undefined : this.begin(request)
  }

  /** There may be several applications in the process, each with a panel. */
  #isOurs({ server }: FastifyRequest): boolean {
    return server === this.#app || Object.prototype.isPrototypeOf.call(this.#app, server)
  }

  #tell(record: RequestRecord): void {
    for (const listener of this.#listeners) this.#carefully.run(() => listener(record))
  }
}
