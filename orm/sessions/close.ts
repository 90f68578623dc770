import type { EntityManager } from '@mikro-orm/core'
import { engineEvent } from '../events/engine-event.ts'
import { isHeard, publish } from '../events/publish.ts'
import { warnOfLeak } from '../events/tell.ts'
import { ConnectionLostError } from '../errors.ts'
import { debug } from '../logger.ts'
import { rollBackStrayTransaction } from '../sqlite/stray-transaction.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { startInSession } from './running.ts'
import { type SessionState, withInternalAccess } from './state.ts'

/** The part of a connection that clean-up needs: the public way, an EntityManager's `rollback()`, is closed by then. */
interface RollbackConnection {
  rollback(transaction: OpenTransaction): Promise<void>
}

/** How a session ends. */
export interface SessionEnd {
  /** The client has left or the work has failed, so that an open transaction is no surprise. */
  readonly aborted?: boolean
  /** The database is asked to stop what still runs; a COMMIT is never stopped. */
  readonly stop?: boolean
}

/**
 * Ends a session: refuses every use from now on, rolls back what is open, lets a commit that is on its way arrive, and lets go of the
 * entities. Idempotent. Never rejects: at the end of a request there is nobody left to catch, so what goes wrong is logged.
 */
export async function closeSession(em: EntityManager, state: SessionState, end: SessionEnd = {}): Promise<void> {
  state.closing ??= startInSession(state, async () => await endSession(em, state, end)) // a subscriber may do it while another session runs
  await state.closing
}

async function endSession(em: EntityManager, state: SessionState, { aborted = false, stop = false }: SessionEnd): Promise<void> {
  state.closed = true
  state.transactions.forget()
  const open = state.transactions.undecided()
  if (open.length > 0 && !aborted) {
    warnOfLeft(state, `${state.label} ended inside a transaction: it is rolled back`)
  }
  const stopped = stop ? state.stopRunning() : undefined
  const leases = [...state.leases].map(async (lease) => await lease.end())
  await Promise.allSettled([...leases, ...open.map(async (transaction) => await rollBack(em, transaction, state))])
  await stopped
  await state.transactions.commitsSettled()
  await Promise.allSettled(state.writing)
  if (state.ranRawSql) await sweepConnection(em, state)
  const isTold = isHeard('sqlassist:session:close')
  const managed = isTold ? managedIn(em) : 0
  withInternalAccess(() => em.getUnitOfWork(false).clear())
  if (isTold) {
    publish('sqlassist:session:close', { ...engineEvent(state.engine.name, state, state.since), session: state.id, durationMs: performance.now() - state.since, managed })
  }
  debug(state.logger, `${state.label} closed`, () => ({ engine: state.engine.name, session: state.id }))
}

/** An entity that was found by a unique property too is in the identity map twice. */
const managedIn = (em: EntityManager): number => withInternalAccess(() => new Set(em.getUnitOfWork(false).getIdentityMap().values()).size)

function warnOfLeft({ logger, engine, id, whose }: SessionState, message: string): void {
  warnOfLeak('transaction', { logger, owner: whose, engine: engine.name }, { engine: engine.name, session: id }, message)
}

/** SQLite has one connection, which does not come back to a pool that would look at it. */
async function sweepConnection(em: EntityManager, state: SessionState): Promise<void> {
  try {
    if (await withInternalAccess(() => rollBackStrayTransaction(em))) {
      warnOfLeft(state, `Raw SQL of ${state.label} left a transaction open: it is rolled back`)
    }
  } catch (err) {
    /* c8 ignore next 2 -- SQLite refuses no rollback that we know of, but the end of a session must not reject */
    state.logger.warn({ err, engine: state.engine.name, session: state.id }, `${state.label}: a transaction that raw SQL left open could not be rolled back`)
  }
}

/** Rolls back on the connection itself; a statement that still runs there is waited for. */
export async function rollBack(em: EntityManager, transaction: OpenTransaction, state: SessionState): Promise<void> {
  const connection = em.config.getDriver().getConnection('write') as unknown as RollbackConnection
  try {
    await startInSession(state, async () => await connection.rollback(transaction))
  } catch (err) {
    // The callback that held the transaction may have failed at the same moment and rolled back itself.
    // With a lost connection the server has rolled back by itself.
    if (transaction.isRolledBack !== true && !(err instanceof ConnectionLostError)) {
      state.logger.warn({ err, engine: state.engine.name, session: state.id }, `${state.label}: the rollback at its end failed`)
    }
  }
  state.transactions.forget()
}
