import type { EntityManager, EntityMetadata } from '@mikro-orm/core'
import { asOwnTransaction } from '../../postgres/own-transaction.ts'
import type { Answer, SessionState } from '../state.ts'
import { boundValues, type DatingPlatform } from './bound-values.ts'
import { type InsertingDriver, type InsertResult, insertStatementFor } from './insert-statement.ts'
import { arriving } from './without-transaction.ts'

/** What a flush tells the driver, by way of MikroORM's persister, which hands options on as they are. */
export interface InsertOptions {
  readonly em: EntityManager
  readonly state: SessionState
  readonly meta: EntityMetadata
}

const made = new WeakMap<object, object>()

/** MikroORM's driver, but for how it inserts a row: by a statement that was made once. */
export function shortDriver(driver: object): object {
  let short = made.get(driver)
  if (short === undefined) made.set(driver, (short = make(driver as InsertingDriver)))
  return short
}

function make(driver: InsertingDriver): object {
  const platform = (driver as unknown as { getPlatform(): DatingPlatform }).getPlatform()
  const nativeInsertMany: InsertingDriver['nativeInsertMany'] = async (entity, rows, options) => {
    const { state, meta, schema } = options as InsertOptions & { readonly schema?: string }
    const row = rows[0]!
    const statement = await insertStatementFor(driver, meta, row, schema)
    const values = statement && boundValues(statement, meta, row, platform)
    if (values === undefined) return await arriving(state, async () => await asOwnTransaction(async () => await driver.nativeInsertMany(entity, rows, options)))
    try {
      return resultOf(await arriving(state, async () => await asOwnTransaction(async () => await state.engine.shortWay!.ask(state, statement!.text(1), values))))
    } catch (error) {
      throw driver.convertException(error)
    }
  }
  return Object.create(driver, { nativeInsertMany: { value: nativeInsertMany } }) as object
}

/** As MikroORM's connections put it. */
function resultOf({ rows, rowCount }: Answer): InsertResult {
  return { affectedRows: rowCount ?? rows.length, insertId: undefined, row: rows[0], rows }
}
