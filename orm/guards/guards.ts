import type { MikroORM } from '@mikro-orm/core'
import type { EventBase, EventOwner, SqlAssistEvents } from '../events/events.ts'
import { onSqlAssistEvent, type SqlAssistEventName } from '../events/publish.ts'
import { refuse } from '../events/refusal.ts'
import type { SqlAssistLogger } from '../logger.ts'
import type { Guarded } from './guarded.ts'
import { IdleTransactions } from './idle-transactions.ts'
import { NPlusOne } from './n-plus-one.ts'
import type { GuardOptions } from './options.ts'
import { Queries } from './queries.ts'
import { tellSlowQuery } from './slow-queries.ts'

/** The guards of one container. */
interface Watched extends Guarded {
  readonly slowQueryMs: number
  readonly nPlusOne: NPlusOne | undefined
  readonly idle: IdleTransactions | undefined
}

/**
 * What a developer is told of, see {@link GuardOptions}. Built on the events, of which all SqlAssists of the process publish theirs on the same channels: those
 * of our containers are told by their owners. Nobody listens before the first container that is to be guarded.
 */
export class Guards {
  readonly #options: GuardOptions
  readonly #ormOf: (engine: string) => MikroORM
  readonly #watched = new Map<EventOwner, Watched>()
  readonly #queries = new Queries()
  readonly #stops = new Map<SqlAssistEventName, () => void>()
  #disposed = false

  constructor(options: GuardOptions, ormOf: (engine: string) => MikroORM) {
    this.#options = options
    this.#ormOf = ormOf
  }

  /**
   * Guards a container until what it returns is called.
   *
   * @param own - what the container has options of its own for
   * @returns undefined where everything is off
   */
  watch(owner: EventOwner, logger: SqlAssistLogger, own?: GuardOptions): (() => void) | undefined {
    const { nPlusOne = 'off', slowQueryMs = 0, idleTransactionMs = 0 } = this.#options
    const mode = own?.nPlusOne ?? nPlusOne
    const slowMs = own?.slowQueryMs ?? slowQueryMs
    const idleMs = own?.idleTransactionMs ?? idleTransactionMs
    if ((mode === 'off' && slowMs === 0 && idleMs === 0) || this.#disposed) return undefined
    const guarded: Guarded = { owner, logger, ormOf: this.#ormOf }
    const watched: Watched = {
      ...guarded,
      slowQueryMs: slowMs === 0 ? Infinity : slowMs,
      nPlusOne: mode === 'off' ? undefined : new NPlusOne(guarded, this.#queries, mode === 'throw'),
      idle: idleMs === 0 ? undefined : new IdleTransactions(guarded, idleMs),
    }
    this.#watched.set(owner, watched)
    this.#listen(watched)
    return () => {
      this.#watched.delete(owner)
      carefully(watched, () => watched.nPlusOne?.end())
      watched.idle?.close()
    }
  }

  /** Ends the listening. */
  dispose(): void {
    this.#disposed = true
    for (const stop of this.#stops.values()) stop()
    this.#stops.clear()
    for (const { idle } of this.#watched.values()) idle?.close()
    this.#watched.clear()
  }

  #listen({ nPlusOne, idle, slowQueryMs }: Watched): void {
    if (nPlusOne !== undefined || idle !== undefined) {
      this.#on('sqlassist:query:start', (watched, event) => {
        const refusal = watched.nPlusOne?.refusal(event)
        if (refusal !== undefined) refuse(event, refusal)
        watched.idle?.started(event)
      })
    }
    if (idle !== undefined) this.#on('sqlassist:pool:release', (watched, event) => watched.idle?.released(event))
    if (idle === undefined && slowQueryMs === Infinity) return
    this.#on('sqlassist:query:end', (watched, event) => {
      if (event.durationMs >= watched.slowQueryMs) tellSlowQuery(watched, event)
      watched.idle?.answered(event)
    })
  }

  #on<N extends SqlAssistEventName>(name: N, tell: (watched: Watched, event: SqlAssistEvents[N]) => void): void {
    if (this.#stops.has(name)) return
    this.#stops.set(name, onSqlAssistEvent(name, (event) => {
      const { owner } = event as EventBase
      const watched = owner && this.#watched.get(owner)
      if (watched !== undefined) carefully(watched, () => tell(watched, event))
    }))
  }
}

/** What a listener throws is an uncaught exception: a guard must not end the process that it looks after. */
function carefully({ owner, logger }: Guarded, work: () => void): void {
  try {
    work()
  } catch (err) {
    try {
      logger.error({ err }, `${owner.label}: a guard has failed; the application is not affected`)
    } catch {
      // The log is what is broken.
    }
  }
}
