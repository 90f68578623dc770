import { DateTimeType, Type, UnknownType } from '@mikro-orm/core'
import type { AbstractSqlConnection, Column } from '@mikro-orm/sql'

/**
 * SQLite has no type for dates. What others keep in a `datetime` is text, as a rule; MikroORM keeps milliseconds. As a Date, text would
 * be found by no condition, and written back as a number: such a column is text here too.
 */
export async function markTextDates(table: string, columns: readonly Column[], connection: AbstractSqlConnection): Promise<void> {
  for (const column of columns) {
    if (column.mappedType instanceof DateTimeType && (await holdsText(table, column, connection))) column.mappedType = Type.getType(UnknownType)
  }
}

async function holdsText(table: string, column: Column, connection: AbstractSqlConnection): Promise<boolean> {
  const name = quoted(column.name)
  const [first] = await connection.execute<{ kind: string }[]>(`select typeof(${name}) as kind from ${quoted(table)} where ${name} is not null limit 1`)
  // Where there is no value yet, the default makes the first one.
  return first === undefined ? /current_timestamp|\b(?:datetime|strftime)\(/i.test(column.default ?? '') : first.kind === 'text'
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
