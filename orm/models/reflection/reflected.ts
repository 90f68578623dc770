import type { IndexOptions, UniqueOptions } from '@mikro-orm/core'
import type { ConstraintNames } from '../declared-table.ts'

/** MikroORM's options of a property, as plain values: what a program makes of them, a source file can hold as well. */
export type PropertyOptions = Readonly<Record<string, unknown>>

/** One property of an entity that was found in a database. */
export interface ReflectedProperty {
  readonly name: string
  readonly kind: 'scalar' | 'enum' | 'm:1' | '1:1' | 'm:n'
  readonly options: PropertyOptions
  /** The class that a relation leads to. */
  readonly target?: string
  /** The class of the pivot table, of the owner of a many-to-many relation. */
  readonly pivot?: string
  /** The TypeScript type of a scalar, without null. */
  readonly type: string
  readonly nullable: boolean
  readonly primary: boolean
  /** The database fills it in when nobody else does. */
  readonly optional: boolean
}

export type ReflectedIndex = IndexOptions<object> & { readonly name: string }
export type ReflectedUnique = UniqueOptions<object> & { readonly name: string }

export interface ReflectedCheck {
  readonly name: string
  readonly expression: string
}

/** One entity that was found in a database: all that is needed to make its class, or to write it down. */
export interface ReflectedEntity {
  readonly className: string
  /** The name of the table or view. */
  readonly table: string
  /** MikroORM's options of the entity: tableName, schema, comment, expression, partitionBy. */
  readonly options: Readonly<Record<string, unknown>>
  readonly properties: ReflectedProperty[]
  readonly indexes: readonly ReflectedIndex[]
  readonly uniques: readonly ReflectedUnique[]
  readonly checks: readonly ReflectedCheck[]
  readonly keptNames: ConstraintNames
}
