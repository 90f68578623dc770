import type { EntityMetadata, MetadataStorage } from '@mikro-orm/core'
import { TableNameTooLongError } from '../../errors.ts'
import { hasTable, withoutSchema } from './model-tables.ts'
import { MAX_IDENTIFIER_BYTES } from './pattern.ts'

/**
 * Refuses a table name that PostgreSQL would cut off: no schema diff would ever be empty again.
 *
 * @throws TableNameTooLongError
 */
export function assertTableNames(metadata: MetadataStorage): void {
  for (const meta of metadata) {
    const table = withoutSchema(meta.collection ?? '')
    const bytes = Buffer.byteLength(table)
    if (bytes > MAX_IDENTIFIER_BYTES && hasTable(meta)) throw new TableNameTooLongError(ownerOf(meta, metadata), table, bytes)
  }
}

/** A pivot table has no entity that anybody wrote: the collection that needs it has. */
function ownerOf(pivot: EntityMetadata, metadata: MetadataStorage): string {
  for (const meta of metadata) {
    for (const property of meta.props) if (property.pivotEntity === pivot.class && property.owner) return `${meta.className}.${property.name}`
  }
  return pivot.className
}
