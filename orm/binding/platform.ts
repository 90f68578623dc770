import { Platform } from '@mikro-orm/core'

/** The parts of a MikroORM platform that turn values into literals. */
export interface LiteralPlatform {
  quoteValue(value: unknown): unknown
  quoteIdentifier(name: unknown): string
  formatQuery(sql: string, params: readonly unknown[]): string
  /** PostgreSQL: what a literal of a date holds. */
  formatDate?(date: Date): string
}

const LITERALS = ['quoteValue', 'escape', 'escapeLiteral', 'formatDate', 'formatQuery'] as const

/** The classes of MikroORM that say how a value is written. */
const KNOWN: ReadonlySet<string> = new Set(['Platform', 'AbstractSqlPlatform', 'BasePostgreSqlPlatform', 'SqlitePlatform'])

/** Whether values become literals as MikroORM has it: a platform of the application may write them in its own way, which nobody else knows. */
export function writesUsualLiterals(platform: object): boolean {
  return LITERALS.every((method) => {
    let owner: object | null = platform
    while (owner !== null && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner) as object | null
    return owner === null || owner === Platform.prototype || (owner !== platform && KNOWN.has(owner.constructor.name))
  })
}
