import { UnknownType } from '@mikro-orm/core'
import { columnTypeOf } from './column-types.ts'
import type { Introspection } from './introspection.ts'
import { classNameOf, propertyNameOf, unique } from './names.ts'
import type { ReflectedEntity, ReflectedProperty } from './reflected.ts'
import { defined } from './scalars.ts'

/**
 * A view as an entity that can be read. It is a virtual one: a view of MikroORM's needs a primary key, a view of the database has none,
 * and a wrong guess would make one object of different rows.
 */
export function describeView(view: Introspection['views'][number], { sqlite }: Introspection, classNames: Set<string>): ReflectedEntity {
  const taken = new Set<string>()
  const properties = view.columns.map((column): ReflectedProperty => {
    // What a view computes has no type on SQLite.
    const { type, typescript } = column.type === '' ? { type: 'unknown', typescript: 'unknown' } : columnTypeOf(column, sqlite)
    const known = column.type === '' ? {} : { columnType: column.type, runtimeType: column.mappedType instanceof UnknownType ? typescript : undefined }
    const options = defined({ type, ...known, fieldName: column.name, nullable: true })
    return { name: unique(propertyNameOf(column.name), taken), kind: 'scalar', options, type: typescript, nullable: true, primary: false, optional: false }
  })
  const parts = view.schema === undefined ? [view.name] : [view.schema, view.name]
  return {
    className: unique(classNameOf(view.name), classNames),
    table: view.name,
    options: { expression: `select * from ${parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.')}` },
    properties, indexes: [], uniques: [], checks: [], keptNames: {},
  }
}
