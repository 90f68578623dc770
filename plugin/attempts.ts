import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TransactionMode, TransactionOptions } from '../orm/index.ts'
import type { ManagerSettings } from '../orm/transactions/manager.ts'
import { mayRepeat } from '../orm/transactions/may-repeat.ts'
import { isOver } from './request-end.ts'
import type { TransactionSettings } from './transaction-settings.ts'

/** How often the handler of a request has been called, where it may be called again. */
export class Attempts {
  number = 1
  /** The handler has replied by itself, or done what another attempt would not do again. */
  final = false
  readonly #most: number
  readonly #reply: FastifyReply

  constructor(most: number, reply: FastifyReply) {
    this.#most = most
    this.#reply = reply
  }

  /** Whether the handler is called once more after this error. */
  mayFollow(error: unknown): boolean {
    return !this.final && this.number < this.#most && !isOver(this.#reply) && mayRepeat(error)
  }
}

const attempts = new WeakMap<FastifyRequest, Attempts>()

export function countAttempts(request: FastifyRequest, reply: FastifyReply, most: number): Attempts {
  const counted = new Attempts(most, reply)
  attempts.set(request, counted)
  return counted
}

/** What the transactions of a request's container are like. Which attempt it is, is looked up for those that have any. */
export class RequestSettings implements ManagerSettings {
  readonly mode: TransactionMode
  readonly options: TransactionOptions
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest, { mode, options }: TransactionSettings) {
    this.mode = mode
    this.options = options
    this.#request = request
  }

  get attempt(): number {
    return attempts.get(this.#request)?.number ?? 1
  }

  willRetry(error: unknown): boolean {
    return attempts.get(this.#request)?.mayFollow(error) ?? false
  }
}
