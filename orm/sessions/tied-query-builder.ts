import type { EntityManager } from '@mikro-orm/core'
import { leasedStream } from './leased-stream.ts'
import { refuseWritingQueryBuilder } from './readonly.ts'
import { runInSession } from './running.ts'
import type { SessionState } from './state.ts'

/** The parts of MikroORM's QueryBuilder through which everything else of it asks the database. */
interface Asking {
  execute(...args: unknown[]): Promise<unknown>
  stream(...args: unknown[]): AsyncGenerator<unknown>
  clone(...args: unknown[]): Asking
  /** The transaction that it runs in. */
  context: object | undefined
}

/** A query builder that works for a session, ends with it, and writes nothing where nothing may be written; its clones too. */
export function tieQueryBuilder<T extends object>(builder: T, state: SessionState, em?: EntityManager): T {
  const asking = builder as unknown as Asking
  const [execute, stream, clone] = [asking.execute.bind(builder), asking.stream.bind(builder), asking.clone.bind(builder)]
  const made = asking.context
  // It was made before the managed transaction had begun, perhaps for one that is over.
  const join = async (streams = false): Promise<void> => {
    if (em === undefined || made !== undefined || state.enlisting === undefined) return
    await (streams ? state.enlisting.enlistStream(em) : state.enlisting.enlist(em))
    asking.context = em.getTransactionContext<object>()
  }
  const tied: Pick<Asking, 'execute' | 'stream' | 'clone'> = {
    async execute(...args) {
      state.assertOpen()
      return await runInSession(state, async () => {
        await join()
        return await execute(...args)
      })
    },
    stream: (...args) => leasedStream(stream(...args), state, async () => await join(true)),
    clone: (...args) => tieQueryBuilder(clone(...args), state, em),
  }
  for (const [name, value] of Object.entries(tied)) Object.defineProperty(builder, name, { value, writable: true })
  return state.engine.readonly ? refuseWritingQueryBuilder(builder, state.engine.name) : builder
}
