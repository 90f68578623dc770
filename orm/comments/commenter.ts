import type { EventOwner } from '../events/events.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { SessionInfo } from '../sessions/info.ts'
import type { CompleteCommentOptions } from './options.ts'
import { serialized } from './serialize.ts'
import { validTraceparent } from './traceparent.ts'

type Tags = Readonly<Record<string, string | undefined>>

const NOBODY: SessionInfo = Object.freeze({})

/** Writes the comments for the statements of an engine. */
export class Commenter {
  /** Whether the comments are as many as the requests: no prepared statement can have them in its text. */
  readonly varies: boolean
  readonly #engine: string
  readonly #options: CompleteCommentOptions
  readonly #logger: SqlAssistLogger
  readonly #asks: boolean
  readonly #known = new WeakMap<EventOwner, string>()
  #outside: string | undefined
  #warned = false

  constructor(engine: string, options: CompleteCommentOptions, logger: SqlAssistLogger) {
    const { requestId, traceparent, extra } = options
    this.#engine = engine
    this.#options = options
    this.#logger = logger
    this.#asks = typeof traceparent === 'function' || typeof extra === 'function'
    this.varies = this.#asks || requestId || traceparent === true
  }

  /**
   * The comment for the next statement.
   *
   * @param owner - whose statement it is; undefined outside of sessions
   * @returns an empty text where there is nothing to say
   */
  of(owner: EventOwner | undefined): string {
    if (this.#asks) return this.#write(owner)
    if (owner === undefined) return (this.#outside ??= this.#write(undefined))
    let comment = this.#known.get(owner)
    if (comment === undefined) this.#known.set(owner, (comment = this.#write(owner)))
    return comment
  }

  #write(owner: EventOwner | undefined): string {
    const { application, route, engine, framework, requestId, traceparent, extra } = this.#options
    const info = owner?.info ?? NOBODY
    const origin = owner?.origin
    const trace = typeof traceparent === 'function' ? this.#ask('traceparent', () => traceparent(info)) : traceparent ? origin?.traceparent : undefined
    return serialized({
      ...(typeof extra === 'function' ? this.#ask('extra', () => texts(extra(info))) : extra),
      application,
      engine: engine ? this.#engine : undefined,
      framework: framework ? origin?.framework : undefined,
      route: route ? origin?.route : undefined,
      request_id: requestId ? owner?.requestId : undefined,
      traceparent: validTraceparent(trace),
    })
  }

  /** A comment is not worth a statement that fails. */
  #ask<T>(option: string, fn: () => T): T | undefined {
    try {
      return fn()
    } catch (err) {
      const message = `The function 'sqlComments.${option}' of engine '${this.#engine}' has failed, and is left out of comments; this is said once`
      if (!this.#warned) this.#logger.warn({ err, engine: this.#engine }, message)
      this.#warned = true
      return undefined
    }
  }
}

/** What an application's function returns may be anything. */
const texts = (tags: unknown): Tags => Object.fromEntries(Object.entries(tags ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
