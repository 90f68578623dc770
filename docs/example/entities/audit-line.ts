import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'

/** One line of the audit log: who asked for a change, and what the answer was. It lives in a database of its own. */
@Entity({ tableName: 'audit_lines' })
export class AuditLine {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'datetime' })
  at: Date = new Date()

  /** What was asked for, such as `POST /groups`, or the name of a job. */
  @Property({ type: 'string' })
  action: string

  /** What came of it, such as `201`. */
  @Property({ type: 'string' })
  outcome: string

  constructor(action: string, outcome: string) {
    this.action = action
    this.outcome = outcome
  }
}
