import type { Bag } from '../bag.ts'
import { InvalidOptionsError } from '../errors.ts'
import { assertTimeout } from '../options-check.ts'
import { warnOfLeak } from '../events/tell.ts'
import type { SessionsContainer } from './container.ts'
import type { SessionState } from './state.ts'

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
  readonly #live: Bag<SessionsContainer>
  readonly #named = new WeakSet<SessionsContainer>()
  #timer: NodeJS.Timeout | undefined

  /** @param live - the containers that are not closed */
  constructor({ leakWarningMs = LEAK_WARNING_MS, leakStacks = false }: LeakOptions, live: Bag<SessionsContainer>) {
    this.#live = live
    this.#limitMs = leakWarningMs
    this.#stacks = leakStacks
  }

  /** Where a container is being made, if that is asked for. */
  stack(): string | undefined {
    return this.#stacks && this.#limitMs !== 0 ? new Error().stack?.split('\n').slice(2).join('\n') : undefined
  }

  /** Looks at the containers from now and then, as long as there are any. */
  start(): void {
    if (this.#limitMs !== 0) this.#timer ??= setInterval(() => this.#look(), Math.max(this.#limitMs / 4, 10)).unref()
  }

  #look(): void {
    if (this.#live.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    const now = performance.now()
    for (const container of this.#live) {
      const { owner, logger, since, stack } = container.$setup
      if (now - since < this.#limitMs || this.#named.has(container)) continue
      this.#named.add(container)
      const held = container.$states.filter(({ closed }) => !closed).map(describe)
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
