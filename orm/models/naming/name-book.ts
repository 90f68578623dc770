import type { Configuration, EntityMetadata, MetadataStorage } from '@mikro-orm/core'
import type { ConstraintKind, NamingConvention } from './convention.ts'
import { constraintsOf, labelOf } from './model-constraints.ts'
import { tablesOf, withoutSchema } from './model-tables.ts'
import { type NamePlan, planKey, planNames } from './name-plan.ts'
import { renderPattern } from './pattern.ts'

/** The names of one model by one convention. It is empty until the model has been discovered. */
export class NameBook {
  readonly convention: NamingConvention
  #plan: NamePlan = new Map()
  #known = new WeakSet<EntityMetadata>()
  #model: { readonly metadata: MetadataStorage; readonly config: Configuration } | undefined

  constructor(convention: NamingConvention) {
    this.convention = convention
  }

  /** Reads a model, and writes the names into its metadata. */
  learn(metadata: MetadataStorage, config: Configuration): void {
    this.#model = { metadata, config }
    const tables = tablesOf(metadata, config)
    const constraints = tables.flatMap((table) => constraintsOf(table, this.convention))
    this.#plan = planNames(constraints, tables.map(({ schema, name }) => ({ schema, table: name })), this.convention)
    for (const meta of metadata) this.#known.add(meta)
  }

  /** The name that MikroORM asks for. */
  nameOf(kind: ConstraintKind, table: string, columns: readonly string[]): string {
    this.#learnNews()
    const name = withoutSchema(table)
    return this.#plan.get(planKey(kind, name, columns)) ?? this.#unplanned(kind, name, columns)
  }

  /** Entities discovered later, by `orm.discoverEntity()`, are not announced. */
  #learnNews(): void {
    const { metadata, config } = this.#model ?? {}
    if (metadata !== undefined && [...metadata].some((meta) => !this.#known.has(meta))) this.learn(metadata, config!)
  }

  /** During discovery, and for tables that the model does not have. */
  #unplanned(kind: ConstraintKind, table: string, columns: readonly string[]): string {
    return renderPattern(this.convention[kind], { table, column0: columns[0], columns: columns.join('_') || undefined, name: labelOf(columns) })
  }
}
