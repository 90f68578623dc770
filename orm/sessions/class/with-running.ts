import { kBinding } from '../binding.ts'
import { leaveSession, runInSession, runningSession } from '../running.ts'
import { isHeard } from '../../events/publish.ts'
import { returnsPromise } from '../promising.ts'
import { watchFlush } from '../watch-flush.ts'
import type { EntityManagerClass } from './entity-manager-class.ts'

/** The methods of MikroORM's EntityManagers that ask the database, or may do so; `tryFlush()`, which every read calls first, does it by `flush()`. */
const ASKING = [
  'find', 'findOne', 'findOneOrFail', 'findAndCount', 'findAll', 'findByCursor', 'count', 'countBy', 'populate', 'refresh', 'refreshOrFail', 'lock',
  'insert', 'insertMany', 'upsert', 'upsertMany', 'nativeUpdate', 'nativeDelete', 'clone', 'flush',
  'begin', 'commit', 'rollback', 'transactional', 'execute', 'callRoutine',
] as const

/** Those of them that do not begin the managed transaction: a flush does it when it has something to write, and the others are the manager's. */
const BEGINNING_LATER: ReadonlySet<string> = new Set(['flush', 'begin', 'commit', 'rollback'])

type AsyncMethod = (this: InstanceType<EntityManagerClass>, ...args: unknown[]) => Promise<unknown>

/**
 * The connection that a statement takes from the pool is the session's: whoever must stop it, or say who holds it, finds it there. By
 * table and not one by one, for the reason that {@link installGuards} gives.
 */
export function withRunning(Base: EntityManagerClass): EntityManagerClass {
  const Running = class extends Base {}
  for (const name of ASKING) {
    const inherited = (Base.prototype as unknown as Record<string, AsyncMethod | undefined>)[name]
    if (inherited === undefined) continue
    const later = BEGINNING_LATER.has(name)
    // No async functions: each would make promises of its own for every call.
    const run: AsyncMethod = returnsPromise(function (...args) {
      const state = this[kBinding]?.state
      if (state !== undefined) {
        return runInSession(state, () => {
          const joining = later || staysOutside(name, args) ? undefined : state.enlisting?.enlist(this.getContext(false))
          if (joining !== undefined) return joining.then(async () => await inherited.apply(this, args))
          if (name === 'flush' && isHeard('sqlassist:flush')) return watchFlush(this.getContext(false), state, async () => await inherited.apply(this, args))
          return inherited.apply(this, args)
        })
      }
      // The application's own EntityManager, used by a subscriber or a hook while a session runs: it outlives the session.
      return runningSession() === undefined ? inherited.apply(this, args) : leaveSession(async () => await inherited.apply(this, args))
    })
    Object.defineProperty(run, 'name', { value: name })
    Object.defineProperty(Running.prototype, name, { value: run, writable: true, configurable: true })
  }
  return Running
}

/** A transaction beside all others, or none: what it is to be beside need not be begun for that. */
function staysOutside(method: string, [, options]: readonly unknown[]): boolean {
  if (method !== 'transactional') return false
  const { propagation } = (options ?? {}) as { propagation?: string }
  return propagation === 'requires_new' || propagation === 'not_supported'
}
