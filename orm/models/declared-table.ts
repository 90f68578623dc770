/** See {@link DeclaredTable.constraintNames}. */
export interface ConstraintNames {
  /** Of the primary key. SQLite does not keep it. */
  readonly primaryKey?: string
  /** Of the checks that MikroORM makes for enums, by property. */
  readonly checks?: Readonly<Record<string, string>>
}

/**
 * The base of all entities, for what they have in common. It has no properties: those would become columns in the types.
 *
 * ```ts
 * @Entity({ tableName: 'users' })
 * class User extends DeclaredTable { ... }
 * ```
 */
// oxlint-disable-next-line typescript/no-extraneous-class -- what it declares is static
export abstract class DeclaredTable {
  /**
   * What becomes of the names that the model gives to check constraints. `'convention'`: the check `adult` of the table `users` is
   * named `ck_users_adult`. `'exact'`: names stay as they are written, as is right for a database that was there before its model.
   */
  static readonly checkNames: 'convention' | 'exact' = 'convention'

  /**
   * Names of this table that MikroORM has no option for, where they are not to be named by the convention. Classes that extend this one
   * do not inherit them.
   */
  static readonly constraintNames: ConstraintNames = {}
}
