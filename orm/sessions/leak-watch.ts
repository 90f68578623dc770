import { InvalidOptionsError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import { assertTimeout } from '../options-check.ts'
import type { EventOwner } from '../events/events.ts'
import { warnOfLeak } from '../events/tell.ts'
import type { SessionState } from './state.ts'

/** What is known of a container that lives. */
export interface Watched {
  readonly owner: EventOwner
  readonly logger: SqlAssistLogger
  readonly sessions: Iterable<SessionState>
  /** Of `performance.now()`. */
  readonly since: number
  /** Where it was made, if that was asked for. */
  readonly stack: string | undefined
}

/** Settings of the watch. */
export interface LeakOptions {
  /** A container that lives longer is named in a warning, in ms; 0 for never. Default: 30,000. */
  readonly leakWarningMs?: number
  /** Notes where each container is made, for that warning. It costs some microseconds each. Default: false. */
  readonly leakStacks?: boolean
}

/** @throws InvalidOptionsError */
export function assertLeakOptions({ leakWarningMs, leakStacks }: LeakOptions): void {
  assertTimeout('leakWarningMs', leakWarningMs)
  if (leakStacks !== undefined && typeof leakStacks !== 'boolean') throw new InvalidOptionsError('leakStacks', 'must be true or false')
}

const LEAK_WARNING_MS = 30_000

/** Names containers that are not closed, and what their sessions hold meanwhile. One timer for all, and only while there are any. */
export class LeakWatch {
  readonly #limitMs: number
  readonly #stacks: boolean
  readonly #watched = new Set<Watched>()
  readonly #named = new WeakSet<Watched>()
  #timer: NodeJS.Timeout | undefined

  constructor({ leakWarningMs = LEAK_WARNING_MS, leakStacks = false }: LeakOptions) {
    this.#limitMs = leakWarningMs
    this.#stacks = leakStacks
  }

  /** Watches a container until what it returns is called. */
  watch(owner: EventOwner, logger: SqlAssistLogger, sessions: Iterable<SessionState>): () => void {
    if (this.#limitMs === 0) return () => {}
    const stack = this.#stacks ? new Error().stack?.split('\n').slice(2).join('\n') : undefined
    const watched: Watched = { owner, logger, sessions, since: performance.now(), stack }
    this.#watched.add(watched)
    this.#timer ??= setInterval(() => this.#look(), Math.max(this.#limitMs / 4, 10)).unref()
    return () => this.#watched.delete(watched)
  }

  #look(): void {
    if (this.#watched.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    const now = performance.now()
    for (const watched of this.#watched) {
      if (now - watched.since < this.#limitMs || this.#named.has(watched)) continue
      this.#named.add(watched)
      const { owner, logger, sessions, since, stack } = watched
      const held = [...sessions].filter(({ closed }) => !closed).map(describe)
      const message =
        `${owner.label} has kept its sessions open for ${Math.round(now - since)} ms: ${held.length === 0 ? 'none was touched' : held.join('; ')}. ` +
        `Close what is not needed any more; the limit is 'leakWarningMs'`
      warnOfLeak('container', { logger, owner }, { ms: Math.round(now - since), ...(stack === undefined ? {} : { stack }) }, message)
    }
  }
}

function describe(state: SessionState): string {
  const quiet = [...state.connections].map(({ activity }) => (activity.busy ? 'which runs a statement' : `of which nothing was asked for ${Math.round(performance.now() - activity.last)} ms`))
  const holds = quiet.length === 0 ? 'holds no connection' : `holds ${quiet.length === 1 ? 'a connection' : `${quiet.length} connections`}, ${quiet.join(', ')}`
  return `${state.label} ${holds}${state.transactions.size > 0 ? ', in a transaction' : ''}`
}
