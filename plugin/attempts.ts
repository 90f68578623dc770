import type { FastifyReply, FastifyRequest } from 'fastify'
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

/** What the transactions of a request's container are like. */
export function managerSettings(request: FastifyRequest, { mode, options }: TransactionSettings): ManagerSettings {
  return {
    mode,
    options,
    attempt: attempts.get(request)?.number ?? 1,
    willRetry: (error) => attempts.get(request)?.mayFollow(error) ?? false,
  }
}
