import type { ReflectedEntity, ReflectedProperty } from '../reflected.ts'
import { classField, classHead, type Imports, shortOptions, type SourceStyle } from './entity-class.ts'
import { Code, keyOf, print } from './literal.ts'

const RELATIONS = { 'm:1': 'manyToOne', '1:1': 'oneToOne', 'm:n': 'manyToMany' } as const

/** An entity as a plain class and a `defineEntity()` that describes it: no decorators, so that Node runs the file as it is. */
export function withDefineEntity(entity: ReflectedEntity, style: SourceStyle, imports: Imports): string {
  imports.add('@mikro-orm/core', 'defineEntity')
  imports.add('@mikro-orm/core', 'p')
  const { className, options, properties, indexes, uniques, checks } = entity
  const meta = {
    class: new Code(className),
    ...options,
    indexes: indexes.length > 0 ? indexes : undefined,
    uniques: uniques.length > 0 ? uniques : undefined,
    checks: checks.length > 0 ? checks : undefined,
  }
  const lines = Object.entries(meta).filter(([, value]) => value !== undefined).map(([key, value]) => `  ${key}: ${print(value, '  ')},\n`)
  const fields = properties.map((property) => classField(property, imports)).join('')
  const builders = properties.map((property) => `    ${keyOf(property.name)}: ${builderOf(property, style)},\n`).join('')
  return `${classHead(entity, style, imports)}\n${fields}}\n\nexport const ${className}Schema = defineEntity({\n${lines.join('')}  properties: {\n${builders}  },\n})\n`
}

/** Relations are functions: the class that they lead to may not be there yet. */
function builderOf(property: ReflectedProperty, style: SourceStyle): string {
  const { kind, target, pivot } = property
  const { type, items, ...options } = shortOptions(property, style)
  const calls = Object.entries(options).map(([option, value]) => `.${option}(${argumentsOf(option, value)})`).join('')
  if (kind === 'enum') return `p.enum(${print(items)})${calls}`
  if (kind === 'scalar') return type === 'number[]' ? `p.type('number[]')${calls}` : `p.${String(type)}()${calls}`
  return `() => p.${RELATIONS[kind]}(${target})${calls}${pivot === undefined ? '' : `.pivotEntity(() => ${pivot})`}`
}

function argumentsOf(option: string, value: unknown): string {
  if (value === true && option !== 'default') return ''
  return Array.isArray(value) ? value.map((item) => print(item)).join(', ') : print(value)
}
