import type { Column, DatabaseTable } from '@mikro-orm/sql'
import { primaryColumns, type Relation, relationsOf, sameColumns } from './foreign-keys.ts'
import { entityIndex, isPlain, plainIndex } from './indexes.ts'
import { indexKey, type Introspection } from './introspection.ts'
import { checksOf, keptNamesOf } from './checks.ts'
import { propertyNameOf, relationNameOf, unique } from './names.ts'
import type { ReflectedEntity, ReflectedIndex, ReflectedProperty, ReflectedUnique } from './reflected.ts'
import { relationPropertyOf } from './relations.ts'
import { defined, scalarOf } from './scalars.ts'

/** What a table has to know of the others. */
export interface Surroundings {
  /** A reflected table by the name that a foreign key gives it. */
  readonly find: (name: string) => DatabaseTable | undefined
  readonly classOf: (table: DatabaseTable) => string
  readonly warn: (message: string) => void
}

/** One table on its way to an entity: first its properties get names, then it can be described. */
export class TableDescription {
  readonly table: DatabaseTable
  readonly relations: readonly Relation[]
  /** Names of properties that are in use; collections take theirs later. */
  readonly taken = new Set<string>()
  readonly #found: Introspection
  readonly #around: Surroundings
  readonly #scalars: readonly Column[]
  readonly #scalarNames = new Map<string, string>()
  readonly #relationNames = new Map<Relation, string>()

  constructor(table: DatabaseTable, found: Introspection, around: Surroundings) {
    this.table = table
    this.#found = found
    this.#around = around
    this.relations = relationsOf(table, around.find, around.warn)
    const written = new Set(this.relations.flatMap(({ own }) => own))
    this.#scalars = table.getColumns().filter((column) => !written.has(column.name))
  }

  get className(): string {
    return this.#around.classOf(this.table)
  }

  /** Columns of their own first, so that a relation never takes a column's name away. */
  nameProperties(): void {
    for (const column of this.#scalars) this.#scalarNames.set(column.name, unique(propertyNameOf(column.name), this.taken))
    for (const relation of this.relations) this.#relationNames.set(relation, unique(this.#nameOf(relation), this.taken))
  }

  scalarNameOf(column: string): string | undefined {
    return this.#scalarNames.get(column)
  }

  relationNameOf(relation: Relation): string {
    return this.#relationNames.get(relation)!
  }

  /** @param propertyOf - the name of the property of a column of any table */
  describe(propertyOf: (table: DatabaseTable, column: string) => string | undefined): ReflectedEntity {
    const { table } = this
    const used = new Set<string>()
    const properties = this.#properties(propertyOf, used)
    const [indexes, uniques] = this.#indexes(used)
    const { platform, config } = this.#found
    const schema = [platform.getDefaultSchemaName(), config.get('schema')].includes(table.schema) ? undefined : table.schema
    const namingStrategy = config.getNamingStrategy()
    const { partitionBy } = table.getPartitioning() === undefined ? {} : table.getEntityDeclaration(namingStrategy, platform.getSchemaHelper()!, 'never')
    return {
      className: this.className,
      table: table.name,
      options: defined({ tableName: table.name, schema, comment: table.comment ?? undefined, partitionBy }),
      properties, indexes, uniques,
      checks: checksOf(table, platform, this.#around.warn),
      keptNames: keptNamesOf(table, this.#found, (column) => this.#scalarNames.get(column)!),
    }
  }

  #nameOf({ key, own, target }: Relation): string {
    const last = own.at(-1) ?? key.columnNames.at(-1)!
    // A key of several columns is best named after what it leads to, if nothing else leads there.
    const only = this.relations.filter((relation) => relation.target === target).length === 1
    if (key.columnNames.length > 1 && only && target !== this.table) return propertyNameOf(target.name)
    return relationNameOf(last, key.referencedColumnNames[key.columnNames.indexOf(last)]!, target.name)
  }

  /** In the order of the columns, so that the entity reads as the table does; those of the key first, in its own order. */
  #properties(propertyOf: (table: DatabaseTable, column: string) => string | undefined, used: Set<string>): ReflectedProperty[] {
    const { table } = this
    const keys = primaryColumns(table)
    const placed = new Set<Relation>()
    const properties: ReflectedProperty[] = []
    const rank = ({ name }: Column): number => (keys.includes(name) ? keys.indexOf(name) : keys.length)
    for (const column of table.getColumns().toSorted((a, b) => rank(a) - rank(b))) {
      if (this.#scalarNames.has(column.name)) properties.push(this.#scalar(column, keys, used))
      for (const relation of this.relations) {
        if (placed.has(relation) || !(relation.own.length > 0 ? relation.own : relation.key.columnNames).includes(column.name)) continue
        placed.add(relation)
        properties.push(this.#relation(relation, propertyOf, used))
      }
    }
    return properties
  }

  #scalar(column: Column, keys: readonly string[], used: Set<string>): ReflectedProperty {
    const name = this.#scalarNames.get(column.name)!
    const [index, uniqueIndex] = [plainIndex(this.table, [column.name], false), plainIndex(this.table, [column.name], true)]
    for (const found of [index, uniqueIndex]) if (found !== undefined) used.add(found.keyName)
    return scalarOf(name, column, {
      platform: this.#found.platform,
      sqlite: this.#found.sqlite,
      primary: keys.includes(column.name),
      onlyKey: sameColumns(keys, [column.name]),
      index: index?.keyName,
      unique: uniqueIndex?.keyName,
    })
  }

  #relation(relation: Relation, propertyOf: (table: DatabaseTable, column: string) => string | undefined, used: Set<string>): ReflectedProperty {
    const { table } = this
    const uniqueIndex = plainIndex(table, relation.key.columnNames, true)
    const index = uniqueIndex === undefined ? plainIndex(table, relation.key.columnNames, false) : undefined
    const property = relationPropertyOf(this.relationNameOf(relation), relation, {
      table, index, unique: uniqueIndex,
      platform: this.#found.platform,
      sqlite: this.#found.sqlite,
      target: this.#around.classOf(relation.target),
      targetKey: relation.targetColumn === undefined ? undefined : propertyOf(relation.target, relation.targetColumn),
    })
    for (const name of [property.options['index'], property.options['unique']]) if (typeof name === 'string') used.add(name)
    return property
  }

  /** The indexes that no property has. */
  #indexes(used: ReadonlySet<string>): [ReflectedIndex[], ReflectedUnique[]] {
    const { table } = this
    const indexes: ReflectedIndex[] = []
    const uniques: ReflectedUnique[] = []
    for (const index of table.getIndexes()) {
      if (index.primary || (used.has(index.keyName) && isPlain(index, table))) continue
      const option = entityIndex(index, table, (columns) => this.#propertiesOf(columns), this.#found.indexStatements.get(indexKey(table.schema, index.keyName)))
      // An expression is a whole statement: it says itself whether it is unique.
      if (index.unique && option.expression === undefined) uniques.push(option)
      else indexes.push(option)
    }
    return [indexes, uniques]
  }

  /** The properties whose columns these are, one after the other; undefined where a relation would bring in another column. */
  #propertiesOf(columns: readonly string[]): string[] | undefined {
    const names: string[] = []
    for (let position = 0; position < columns.length; ) {
      const scalar = this.#scalarNames.get(columns[position]!)
      const relation = scalar === undefined ? this.#relationAt(columns, position) : undefined
      if (scalar === undefined && relation === undefined) return undefined
      names.push(scalar ?? this.relationNameOf(relation!))
      position += relation?.key.columnNames.length ?? 1
    }
    return names
  }

  #relationAt(columns: readonly string[], position: number): Relation | undefined {
    return this.relations.find(({ key }) => sameColumns(columns.slice(position, position + key.columnNames.length), key.columnNames))
  }
}
