import type { AbstractSqlPlatform, Column, DatabaseTable } from '@mikro-orm/sql'
import type { ConstraintNames } from '../declared-table.ts'
import type { Introspection } from './introspection.ts'
import { primaryColumns } from './foreign-keys.ts'
import type { ReflectedCheck } from './reflected.ts'
import { enumItemsOf } from './scalars.ts'

type Check = ReturnType<DatabaseTable['getChecks']>[number]

/** The column of an enum check: MikroORM makes the check of the enum. */
function enumColumnOf(table: DatabaseTable, check: Check, platform: AbstractSqlPlatform): Column | undefined {
  const column = check.columnName === undefined ? undefined : table.getColumn(check.columnName)
  if (column === undefined || enumItemsOf(column) === undefined || column.nativeEnumName !== undefined || !platform.usesEnumCheckConstraints()) return undefined
  return column
}

/** MikroORM takes a cast of a value for one word after the colons, and leaves the others behind. */
const HALF_A_CAST = /\)::(?:double precision|character varying|bit varying|time(?:stamp)?(?:\(\d\))? with)/

/** The checks of a table, except those of enums. */
export function checksOf(table: DatabaseTable, platform: AbstractSqlPlatform, warn: (message: string) => void): ReflectedCheck[] {
  const checks = table.getChecks().filter((check) => enumColumnOf(table, check, platform) === undefined)
  for (const { name, definition } of checks) {
    if (HALF_A_CAST.test(definition ?? '')) warn(`check ${name} of ${table.getShortestName()}: MikroORM misreads ${definition}; no database can be created from its entity`)
  }
  return checks.map(({ name, expression }) => ({ name, expression: expression as string }))
}

/** The names of this table that its engine's naming would not give. */
export function keptNamesOf(table: DatabaseTable, { platform }: Introspection, propertyOf: (column: string) => string): ConstraintNames {
  const primaryKey = table.getPrimaryKey()!.keyName
  const checks: Record<string, string> = {}
  for (const check of table.getChecks()) {
    const column = enumColumnOf(table, check, platform)
    if (column !== undefined && check.name !== platform.getIndexName(table.name, [column.name], 'check')) checks[propertyOf(column.name)] = check.name
  }
  return {
    ...(platform.supportsCustomPrimaryKeyNames() && primaryKey !== platform.getIndexName(table.name, [...primaryColumns(table)], 'primary') ? { primaryKey } : {}),
    ...(Object.keys(checks).length > 0 ? { checks } : {}),
  }
}
