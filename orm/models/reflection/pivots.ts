import { primaryColumns, type Relation } from './foreign-keys.ts'
import { plural, propertyNameOf, unique } from './names.ts'
import type { ReflectedEntity, ReflectedProperty } from './reflected.ts'
import type { TableDescription } from './table.ts'

/**
 * Adds the many-to-many collections of pivot tables. A pivot table keeps its entity, which has the names of its constraints and the
 * columns that it may have beside its two foreign keys.
 */
export function addCollections(descriptions: readonly TableDescription[], entities: readonly ReflectedEntity[]): void {
  const byTable = new Map(descriptions.map((description, index) => [description.table, { description, entity: entities[index]! }]))
  for (const pivot of descriptions) {
    const sides = sidesOf(pivot, byTable.get(pivot.table)!.entity)
    if (sides === undefined) continue
    const [owner, inverse] = sides.map((relation) => byTable.get(relation.target)!) as [Side, Side]
    const [near, far] = sides
    const own = unique(plural(nameOf(pivot, far, sides)), owner.description.taken)
    const other = unique(near.target === far.target ? `${own}Inverse` : plural(nameOf(pivot, near, sides)), inverse.description.taken)
    owner.entity.properties.push({
      ...collection(own, inverse), pivot: pivot.className,
      options: { owner: true, inversedBy: other, joinColumns: near.key.columnNames, inverseJoinColumns: far.key.columnNames },
    })
    inverse.entity.properties.push({ ...collection(other, owner), options: { mappedBy: own } })
  }
}

interface Side {
  readonly description: TableDescription
  readonly entity: ReflectedEntity
}

/** The two foreign keys that a pivot table's primary key is made of; undefined where the table is something else. */
function sidesOf(pivot: TableDescription, entity: ReflectedEntity): [Relation, Relation] | undefined {
  const keys = primaryColumns(pivot.table)
  const [near, far, third] = pivot.relations.filter(({ primary }) => primary)
  if (near === undefined || far === undefined || third !== undefined) return undefined
  if (near.key.columnNames.length + far.key.columnNames.length !== keys.length || near.targetColumn !== undefined || far.targetColumn !== undefined) return undefined
  // A row that a collection adds has the two keys and nothing else.
  if (entity.properties.some((property) => !property.primary && !property.nullable && !property.optional)) return undefined
  const position = ({ key }: Relation): number => keys.indexOf(key.columnNames[0]!)
  return position(near) < position(far) ? [near, far] : [far, near]
}

const nameOf = (pivot: TableDescription, relation: Relation, [near, far]: readonly [Relation, Relation]): string =>
  near.target === far.target ? pivot.relationNameOf(relation) : propertyNameOf(relation.target.name)

function collection(name: string, target: Side): Omit<ReflectedProperty, 'options'> {
  return { name, kind: 'm:n', target: target.entity.className, type: target.entity.className, nullable: false, primary: false, optional: false }
}
