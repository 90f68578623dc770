import type { EntityManager } from '@mikro-orm/core'
import { ReadonlyEngineError } from '../../errors.ts'
import { kBinding } from '../binding.ts'
import { type KyselyLike, leasedKysely } from '../leased-kysely.ts'
import { leasedStream } from '../leased-stream.ts'
import { inspectRawSql } from '../raw-sql.ts'
import { isDatabaseReadonlyError } from '../readonly.ts'
import { sessionConnection } from '../session-connection.ts'
import { tieQueryBuilder } from '../tied-query-builder.ts'
import type { EntityManagerClass } from './entity-manager-class.ts'

/** What the EntityManagers of SQL drivers have on top of the core one. */
interface SqlMethods {
  createQueryBuilder?(...args: unknown[]): object
  getKysely?(...args: unknown[]): KyselyLike
  execute?(...args: unknown[]): Promise<unknown>
}

/** The ways past the unit of work: they end with the session too, and a readonly one writes by none of them. */
export function withSql(Base: EntityManagerClass): EntityManagerClass {
  return class extends Base {
    createQueryBuilder(...args: unknown[]): object {
      const builder = (Base.prototype as SqlMethods).createQueryBuilder!.apply(this, args)
      const state = this[kBinding]?.state
      return state === undefined ? builder : tieQueryBuilder(builder, state, this.getContext(false) as EntityManager)
    }

    getKysely(...args: unknown[]): unknown {
      const kysely = (Base.prototype as SqlMethods).getKysely!.apply(this, args)
      const state = this[kBinding]?.state
      return state === undefined ? kysely : leasedKysely(kysely, state, this.getContext(false).getTransactionContext())
    }

    // oxlint-disable-next-line typescript/no-explicit-any -- a long generic signature in MikroORM
    override stream(...args: any[]): any {
      const rows = (super.stream as (...args: unknown[]) => AsyncIterableIterator<unknown>)(...args)
      const state = this[kBinding]?.state
      return state === undefined ? rows : leasedStream(rows, state, () => state.enlisting?.enlistStream(this.getContext(false)))
    }

    override getConnection(type?: 'read' | 'write'): ReturnType<EntityManager['getConnection']> {
      const connection = super.getConnection(type)
      const state = this[kBinding]?.state
      return state === undefined ? connection : sessionConnection(connection, state)
    }

    async execute(...args: unknown[]): Promise<unknown> {
      const state = this[kBinding]?.state
      const { execute: inherited } = Base.prototype as Required<SqlMethods>
      if (state === undefined) return await inherited.apply(this, args)
      inspectRawSql(args[0], state)
      state.ranRawSql = true
      try {
        return await inherited.apply(this, args)
      } catch (error) {
        if (!state.engine.readonly || !isDatabaseReadonlyError(error)) throw error
        throw new ReadonlyEngineError(state.engine.name, 'a writing statement', { cause: error })
      }
    }
  }
}
