import type { InsertStatement } from '../sessions/flush/insert-statement.ts'
import type { Row } from './row.ts'

/** The rows that wait for a place in statements for the same columns of the same table. */
export class Lane {
  readonly statement: InsertStatement
  readonly rows: Row[] = []
  /** The first of them has waited long enough, or there are enough. */
  due = false
  timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  /** Whether several rows may share a statement; undefined until the server was asked. */
  shares: Promise<boolean> | undefined

  constructor(statement: InsertStatement) {
    this.statement = statement
  }

  drop(row: Row): void {
    const index = this.rows.indexOf(row)
    if (index !== -1) this.rows.splice(index, 1)
  }
}
