import type { ReflectedEntity, ReflectedProperty } from '../reflected.ts'
import { classField, classHead, type Imports, shortOptions, type SourceStyle } from './entity-class.ts'
import { Code, print } from './literal.ts'

const DECORATORS = '@mikro-orm/decorators/es'
const RELATIONS = { 'm:1': 'ManyToOne', '1:1': 'OneToOne', 'm:n': 'ManyToMany' } as const

/** An entity as a class with ES decorators. */
export function withDecorators(entity: ReflectedEntity, style: SourceStyle, imports: Imports): string {
  const decorate = (name: string, options: unknown, indent: string): string => {
    imports.add(DECORATORS, name)
    const text = print(options, `${indent}@${name}()`.replace(/\S/g, ' '))
    return `${indent}@${name}(${text === '{}' ? '' : print(options, indent)})\n`
  }
  const { indexes, uniques, checks, options, properties } = entity
  const head = [
    decorate('Entity', options, ''),
    ...indexes.map((index) => decorate('Index', index, '')),
    ...uniques.map((unique) => decorate('Unique', unique, '')),
    ...checks.map((check) => decorate('Check', check, '')),
  ].join('')
  const fields = properties.map((property) => `\n${decorate(decoratorOf(property), decoratorOptions(property, style), '  ')}${classField(property, imports)}`)
  return `${head}${classHead(entity, style, imports)}${fields.join('')}}\n`
}

function decoratorOf({ kind, primary }: ReflectedProperty): string {
  if (kind === 'enum') return 'Enum'
  if (kind === 'scalar') return primary ? 'PrimaryKey' : 'Property'
  return RELATIONS[kind]
}

function decoratorOptions(property: ReflectedProperty, style: SourceStyle): Record<string, unknown> {
  const { primary, ...rest } = shortOptions(property, style)
  const options = property.kind === 'scalar' || primary === undefined ? rest : { primary, ...rest }
  const { target, pivot } = property
  if (target === undefined) return options
  return { entity: new Code(`() => ${target}`), ...options, ...(pivot === undefined ? {} : { pivotEntity: new Code(`() => ${pivot}`) }) }
}
