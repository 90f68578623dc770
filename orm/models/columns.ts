import {
  CharacterType, type EntityKey, type EntityMetadata, type EntityProperty, EnumType, ReferenceKind, type Scalar, type ScalarReference, StringType, TextType, UuidType,
} from '@mikro-orm/core'
import { ColumnUnknownError, ColumnUnsuitableError } from '../errors.ts'

/** The value of a property as a query takes it: without null, without the wrapper of a lazy scalar and without MikroORM's marks. */
export type ColumnValue<V> =
  V extends null | undefined ? never
  : V extends ScalarReference<infer S> ? ColumnValue<S>
  : V extends Date ? Date
  : V extends boolean ? boolean
  : V extends bigint ? bigint | string
  : V extends number ? (number extends Unmarked<V, number> ? number : V)
  : V extends string ? (string extends Unmarked<V, string> ? string : V)
  : V

/** `string & Opt.Brand` is no literal: what remains of it without the brand is `string`. */
type Unmarked<V, Base extends string | number> = Base extends V ? Base : V extends Base & object ? Base : V

/** The properties of an entity that are columns of its table and hold a scalar. */
export type Column<T> = { [K in EntityKey<T>]: [ColumnValue<T[K]>] extends [never] ? never : ColumnValue<T[K]> extends Scalar ? K : never }[EntityKey<T>]

/** Those of them that hold text. */
export type TextColumn<T> = { [K in EntityKey<T>]: [ColumnValue<T[K]>] extends [never] ? never : ColumnValue<T[K]> extends string ? K : never }[EntityKey<T>]

const TEXT_TYPES = [StringType, TextType, CharacterType, EnumType]

const TEXT = /^(?:tiny|medium|long|ci)?text\b|^n?(?:var)?char\b|^n?character\b|^bpchar\b/i

/** Whether a property is a column that holds one value; embedded ones are reached by the name of the object they are embedded in. */
export const isScalarColumn = (property: EntityProperty): boolean =>
  property.kind === ReferenceKind.SCALAR && property.persist !== false && property.formula === undefined && property.embedded === undefined

/**
 * The property behind a name that may come from anybody: from the metadata's own properties and from nowhere else.
 *
 * @throws ColumnUnknownError
 */
export function columnOf(meta: EntityMetadata, name: unknown): EntityProperty {
  if (typeof name === 'string' && Object.hasOwn(meta.properties, name)) {
    const property: EntityProperty | undefined = (meta.properties as Readonly<Record<string, EntityProperty>>)[name]
    if (property !== undefined && isScalarColumn(property)) return property
  }
  throw new ColumnUnknownError(meta.className, name, meta.props.filter(isScalarColumn).map(({ name: known }) => known).join(', '))
}

/**
 * A column that has a lower case.
 *
 * @throws ColumnUnknownError, ColumnUnsuitableError
 */
export function textColumnOf(meta: EntityMetadata, name: unknown): EntityProperty {
  const column = columnOf(meta, name)
  if (!isText(column)) throw new ColumnUnsuitableError(meta.className, column.name, 'does not hold text: use getRange() with a condition')
  return column
}

/** Text for the database as well as for JavaScript: a uuid, a bigint or a decimal is a string only in JavaScript. */
export const holdsText = (column: EntityProperty): boolean =>
  column.runtimeType === 'string' && TEXT.test(column.columnTypes[0] ?? '') && column.array !== true && !isUuid(column)

/** Text that has a lower case which means something: not what a type of the application's own makes of it. */
export const isText = (column: EntityProperty): boolean =>
  holdsText(column) && (column.customType === undefined || TEXT_TYPES.some((type) => column.customType instanceof type))

/** SQLite keeps uuids as text: there only the type of the property tells. */
export const isUuid = ({ customType, type, columnTypes }: EntityProperty): boolean =>
  customType instanceof UuidType || type === 'uuid' || type === 'UuidType' || /^uuid$/i.test(columnTypes[0] ?? '')

/**
 * A column that names at most one row.
 *
 * @throws ColumnUnknownError, ColumnUnsuitableError pointing to `getRange`
 */
export function uniqueColumnOf(meta: EntityMetadata, name: unknown): EntityProperty {
  const column = columnOf(meta, name)
  const alone = column.primary === true && meta.primaryKeys.length === 1
  const constrained = meta.uniques.some(({ properties, expression, where }) =>
    expression === undefined && where === undefined && properties !== undefined && [properties].flat().join() === column.name)
  if (alone || column.unique || constrained) return column
  throw new ColumnUnsuitableError(meta.className, column.name, 'is not unique: use getRange() with a condition, which gives all rows')
}
