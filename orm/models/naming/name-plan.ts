import { InvalidOptionsError } from '../../errors.ts'
import type { Constraint } from './constraint.ts'
import type { ConstraintKind, NamingConvention } from './convention.ts'
import { fitIdentifier, renderPattern, withHash } from './pattern.ts'

/** Names by what MikroORM asks for: the kind, the table and the columns. */
export type NamePlan = ReadonlyMap<string, string>

export const planKey = (kind: ConstraintKind, table: string, columns: readonly string[]): string =>
  JSON.stringify(kind === 'pk' ? [kind, table] : [kind, table, ...columns])

/**
 * Gives a name to everything in a model, and no name twice. Which of two gets the plain name does not depend on the order in which
 * entities are listed, and not on the database.
 *
 * @param tables - the names of the tables, which indexes must not have
 */
export function planNames(constraints: readonly Constraint[], tables: readonly Pick<Constraint, 'schema' | 'table'>[], convention: NamingConvention): NamePlan {
  const taken = new TakenNames()
  for (const { schema, table } of tables) taken.addTable(schema, table)
  const names = new Map<Constraint, string>()
  const settle = (constraint: Constraint, name: string): void => {
    names.set(constraint, name)
    taken.add(constraint, name)
  }
  for (const constraint of constraints) if (constraint.given !== undefined) settle(constraint, constraint.given)
  for (const constraint of constraints.filter(({ given }) => given === undefined).toSorted(byRank)) {
    let attempt = 1
    while (taken.has(constraint, candidate(constraint, convention, attempt))) attempt++
    settle(constraint, candidate(constraint, convention, attempt))
  }
  for (const [{ assign }, name] of names) assign?.(name)
  return planOf(constraints, names)
}

/** Fewer columns first: `(name)` before `(name, email)`. */
function byRank(a: Constraint, b: Constraint): number {
  return compare(rankOf(a), rankOf(b))
}

function rankOf({ kind, schema, table, columns, definition }: Constraint): (string | number)[] {
  return [kind === 'pk' ? 0 : 1, schema, table, kind, columns.length, columns.join(','), definition]
}

function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const index = a.findIndex((part, position) => part !== b[position])
  return index === -1 ? 0 : a[index]! < b[index]! ? -1 : 1
}

/** The name by the pattern; the same with all columns; the same with a hash of what makes this constraint different from others. */
function candidate({ kind, schema, table, columns, referredTable, label, definition }: Constraint, convention: NamingConvention, attempt: number): string {
  const values = { schema, table, columns: columns.join('_'), referredTable, name: label }
  if (attempt === 1) return renderPattern(convention[kind], { ...values, column0: columns[0] })
  const full = renderPattern(convention[kind], { ...values, column0: values.columns })
  if (attempt === 2) return full
  const hashed = JSON.stringify([table, columns, referredTable, label, definition])
  return withHash(full, attempt === 3 ? hashed : `${hashed}${attempt - 2}`)
}

/** MikroORM asks by table name only; where two schemas have a table of that name, what was assigned to the metadata decides. */
function planOf(constraints: readonly Constraint[], names: ReadonlyMap<Constraint, string>): NamePlan {
  const plan = new Map<string, string>()
  const unassignable = constraints.filter(({ assign }) => assign === undefined)
  for (const constraint of [...unassignable.toSorted(byRank), ...constraints]) {
    const { kind, table, columns } = constraint
    const key = planKey(kind, table, kind === 'ck' ? columns.slice(0, 1) : columns)
    const name = names.get(constraint)!
    if (!plan.has(key)) plan.set(key, name)
    if (kind === 'pk' && plan.get(key) !== name && constraint.given === undefined) {
      throw new InvalidOptionsError('namingConvention.pk', `gives the primary keys of the tables named '${table}' different names by their schema, and MikroORM names primary keys by table only: leave out {schema}`)
    }
  }
  return plan
}

/** Indexes share the names of their schema with tables; other constraints only have their table's. SQLite does not tell A from a. */
class TakenNames {
  readonly #names = new Map<string, Set<string>>()

  has(constraint: Constraint, name: string): boolean {
    return scopesOf(constraint).some((scope) => this.#names.get(scope)?.has(normal(name)) === true)
  }

  add(constraint: Constraint, name: string): void {
    for (const scope of scopesOf(constraint)) this.#add(scope, name)
  }

  addTable(schema: string, table: string): void {
    this.#add(schemaScope(schema), table)
  }

  #add(scope: string, name: string): void {
    const names = this.#names.get(scope) ?? new Set()
    this.#names.set(scope, names.add(normal(name)))
  }
}

const normal = (name: string): string => fitIdentifier(name).toLowerCase()
const schemaScope = (schema: string): string => JSON.stringify([schema])

function scopesOf({ kind, schema, table }: Constraint): string[] {
  const tableScope = JSON.stringify([schema, table])
  if (kind === 'fk' || kind === 'ck') return [tableScope]
  return kind === 'ix' ? [schemaScope(schema)] : [schemaScope(schema), tableScope]
}
