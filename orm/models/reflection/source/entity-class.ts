import type { ReflectedEntity, ReflectedProperty } from '../reflected.ts'
import { literal } from '../scalars.ts'
import { print } from './literal.ts'

/** What a file is to look like. */
export interface SourceStyle {
  /** How entities are defined. */
  readonly definition: 'decorators' | 'defineEntity'
  /** The class that they extend, and where it is imported from. */
  readonly base: { readonly name: string; readonly module: string }
  /** How imports between the files end. */
  readonly extension: '.js' | '.ts'
  /** The column that the naming strategy finds for a property by itself. */
  readonly columnOf: (property: string) => string
}

/** Names that a file imports, by module. */
export class Imports {
  readonly #names = new Map<string, Set<string>>()

  add(module: string, name: string): void {
    this.#names.set(module, (this.#names.get(module) ?? new Set()).add(name))
  }

  /** Packages first, then files. */
  print(): string {
    return [...this.#names]
      .toSorted(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))
      .map(([module, names]) => `import { ${[...names].toSorted(byName).join(', ')} } from ${literal(module)}\n`)
      .join('')
  }
}

const rank = (module: string): string => `${module.startsWith('.') ? 1 : 0}${module}`

/** Without the word `type`: the order that linters like. */
const byName = (a: string, b: string): number => (a.replace('type ', '').toLowerCase() < b.replace('type ', '').toLowerCase() ? -1 : 1)

/** The first line of the class and the members that are not properties. */
export function classHead({ className, properties, keptNames }: ReflectedEntity, { base }: SourceStyle, imports: Imports): string {
  imports.add(base.module, base.name)
  const lines = [`export class ${className} extends ${base.name} {`, `  static override readonly checkNames = 'exact'`]
  if (Object.keys(keptNames).length > 0) lines.push(`  static override readonly constraintNames = ${print(keptNames, '  ')}`)
  const keys = properties.filter(({ primary }) => primary).map(({ name }) => literal(name))
  // MikroORM's types find a key by the names id, _id and uuid; any other has to be told.
  if (keys.length > 0 && !(keys.length === 1 && keys[0] === `'id'`)) {
    imports.add('@mikro-orm/core', 'PrimaryKeyProp')
    lines.push(`  declare [PrimaryKeyProp]?: ${keys.length === 1 ? keys[0] : `[${keys.join(', ')}]`}`)
  }
  const optional = properties.filter((property) => property.optional && !property.nullable && !property.primary).map(({ name }) => literal(name))
  if (optional.length > 0) {
    imports.add('@mikro-orm/core', 'OptionalProps')
    lines.push(`  declare [OptionalProps]?: ${optional.join(' | ')}`)
  }
  return `${lines.join('\n')}\n`
}

const nullableType = (type: string): string => (type === 'unknown' ? type : `${type} | null`)

/** The line of a property, without decorators. */
export function classField({ name, kind, type, nullable }: ReflectedProperty, imports: Imports): string {
  if (kind === 'm:n') {
    imports.add('@mikro-orm/core', 'Collection')
    return `  ${name} = new Collection<${type}>(this)\n`
  }
  if (kind !== 'scalar' && kind !== 'enum') imports.add('@mikro-orm/core', 'type Ref')
  const full = kind === 'scalar' || kind === 'enum' ? type : `Ref<${type}>`
  return nullable ? `  ${name}?: ${nullableType(full)}\n` : `  ${name}!: ${full}\n`
}

/** Options without the column's name, where the property's name says it. */
export function shortOptions({ kind, name, options }: ReflectedProperty, { columnOf }: SourceStyle): Record<string, unknown> {
  const { fieldName, ...rest } = options
  const said = (kind === 'scalar' || kind === 'enum') && columnOf(name) === fieldName
  return said || fieldName === undefined ? rest : { fieldName, ...rest }
}
