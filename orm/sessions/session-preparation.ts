import { type EntityManager, EventType, TransactionEventBroadcaster } from '@mikro-orm/core'
import { timed } from '../events/tell.ts'
import type { TwoPhaseParticipant } from '../transactions/participant.ts'
import type { TwoPhaseDatabase } from '../transactions/two-phase/database.ts'
import type { OpenTransaction } from './open-transactions.ts'
import { startInSession } from './running.ts'
import type { SessionState } from './state.ts'

/** A session in a managed transaction, seen from the two-phase commit of it. */
export interface PreparableSession {
  readonly root: EntityManager
  readonly state: SessionState
  readonly transaction: OpenTransaction
  execute(sql: string, method: 'get' | 'run', parameters?: readonly unknown[]): Promise<Record<string, unknown> | undefined>
  /** The transaction is out of the session's hands. */
  hold(): void
  /** Rolls back, and forgets the entities. */
  undo(): Promise<void>
  detach(): void
}

/** The id of the transaction, and which process of the server it is on: ids of processes are used again. */
const WHO = `select txid_current()::text as xid, pg_backend_pid() as pid,
  (select (extract(epoch from backend_start) * 1000000)::bigint::text from pg_stat_get_activity(pg_backend_pid())) as start`

/** The part of MikroORM's SQL connections that ends a transaction. */
interface CommittingConnection {
  commit(transaction: OpenTransaction): Promise<void>
}

/**
 * Two-phase commit of a session. Once a transaction is prepared its connection is in none any more; the COMMIT or ROLLBACK by which kysely gives the
 * connection back is answered by the guarded client, and never sent.
 */
export class SessionPreparation implements TwoPhaseParticipant {
  readonly database: TwoPhaseDatabase
  readonly #session: PreparableSession

  constructor(session: PreparableSession, database: TwoPhaseDatabase) {
    this.#session = session
    this.database = database
  }

  async identify(): Promise<{ xid: string; backend: string }> {
    const { xid, pid, start } = (await this.#session.execute(WHO, 'get')) as { xid: string; pid: number; start: string }
    return { xid, backend: `${pid}-${start}` }
  }

  async prepare(gid: string): Promise<void> {
    const { state } = this.#session
    this.#session.hold()
    try {
      await this.#dispatch(EventType.beforeTransactionCommit)
      await timed('sqlassist:transaction:prepare', state.whose, async () => await this.#session.execute(`prepare transaction '${gid}'`, 'run'), () => ({ engine: state.engine.name }))
    } catch (error) {
      state.transactions.commitFailed()
      await this.#session.undo()
      throw state.explain(error)
    }
  }

  async execute(sql: string, parameters: readonly unknown[]): Promise<void> {
    await this.#session.execute(sql, 'run', parameters)
  }

  async commitPrepared(gid: string): Promise<void> {
    try {
      await this.#session.execute(`commit prepared '${gid}'`, 'run')
    } finally {
      await this.#letGo()
    }
    await this.#dispatch(EventType.afterTransactionCommit).catch((err: unknown) => {
      const { state } = this.#session
      state.logger.error({ err, engine: state.engine.name }, `${state.fullLabel}: a subscriber has failed after the commit`)
    })
  }

  async rollbackPrepared(gid: string): Promise<boolean> {
    const undone = await this.#session.execute(`rollback prepared '${gid}'`, 'run').then(() => true, () => false)
    await this.abandon()
    return undone
  }

  async abandon(): Promise<void> {
    this.#session.state.transactions.commitFailed()
    await this.#session.undo()
  }

  /** Gives the connection back, as after a commit. */
  async #letGo(): Promise<void> {
    const { root, state, transaction } = this.#session
    const connection = root.config.getDriver().getConnection('write') as unknown as CommittingConnection
    await startInSession(state, async () => await connection.commit(transaction))
    this.#session.detach()
  }

  async #dispatch(event: EventType.beforeTransactionCommit | EventType.afterTransactionCommit): Promise<void> {
    const { root, transaction } = this.#session
    await new TransactionEventBroadcaster(root).dispatchEvent(event, transaction)
  }
}
