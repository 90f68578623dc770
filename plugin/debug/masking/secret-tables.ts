import type { MetadataStorage, MikroORM } from '@mikro-orm/core'
import type { MayHaveSecrets } from './inserted.ts'
import { isSecretName } from './names.ts'

const known = new WeakMap<object, ReadonlyMap<string, boolean>>()

/** Whether a table may have a column of a secret name, as far as the entities say. A table without an entity may. */
export function secretTablesOf(orm: MikroORM): MayHaveSecrets {
  const metadata: MetadataStorage = orm.getMetadata()
  const tables = known.get(metadata) ?? tablesOf(metadata)
  known.set(metadata, tables)
  return (table) => tables.get(table.toLowerCase()) ?? true
}

function tablesOf(metadata: MetadataStorage): ReadonlyMap<string, boolean> {
  const tables = new Map<string, boolean>()
  for (const { tableName, props } of metadata.getAll().values()) {
    const hasSecret = props.some(({ name, fieldNames }) => [name, ...((fieldNames as string[] | undefined) ?? [])].some(isSecretName)) // what is not persistent has no field
    const table = tableName.toLowerCase()
    tables.set(table, hasSecret || tables.get(table) === true)
  }
  return tables
}
