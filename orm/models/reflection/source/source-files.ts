import type { SchemaGeneratorSettings } from '../filter.ts'
import { wordsOf } from '../names.ts'
import type { ReflectedEntity } from '../reflected.ts'
import { Imports, type SourceStyle } from './entity-class.ts'
import { print } from './literal.ts'
import { withDecorators } from './with-decorators.ts'
import { withDefineEntity } from './with-define-entity.ts'

/** The first line of every file that may be written again. */
export const HEADER = '// Written by `fastify-sqlassist reflect`. Remove this line to keep your changes: the file is then left alone.\n'

export interface SourceFile {
  readonly name: string
  readonly text: string
}

/** One file for each entity, and an index. The same database gives the same files. */
export function sourceFiles(entities: readonly ReflectedEntity[], settings: SchemaGeneratorSettings, style: SourceStyle): SourceFile[] {
  const sorted = entities.toSorted((a, b) => (a.className < b.className ? -1 : 1))
  return [...sorted.map((entity) => entityFile(entity, style)), indexFile(sorted, settings, style)]
}

function entityFile(entity: ReflectedEntity, style: SourceStyle): SourceFile {
  const imports = new Imports()
  const body = style.definition === 'decorators' ? withDecorators(entity, style, imports) : withDefineEntity(entity, style, imports)
  for (const { target, pivot } of entity.properties) {
    for (const name of [target, pivot]) if (name !== undefined && name !== entity.className) imports.add(moduleOf(name, style), name)
  }
  return { name: `${fileOf(entity.className)}.ts`, text: `${HEADER}${imports.print()}\n${body}` }
}

function indexFile(entities: readonly ReflectedEntity[], settings: SchemaGeneratorSettings, style: SourceStyle): SourceFile {
  const suffix = style.definition === 'decorators' ? '' : 'Schema'
  const names = entities.map(({ className }) => `${className}${suffix}`)
  const imports = entities.map(({ className }) => `import { ${suffix === '' ? className : `${className}, ${className}Schema`} } from '${moduleOf(className, style)}'\n`)
  const exported = entities.flatMap(({ className }) => (suffix === '' ? [className] : [className, `${className}Schema`]))
  const text = [
    HEADER, ...imports,
    `\nexport {\n${list(exported)}}\n`,
    `\n/** For the option \`entities\`. */\nexport const entities = [\n${list(names)}]\n`,
    `\n/** For the option \`schemaGenerator\`: schema commands leave alone what these entities do not describe. */\n`,
    `export const schemaGenerator = ${print(settings)}\n`,
  ]
  return { name: 'index.ts', text: text.join('') }
}

const list = (items: readonly string[]): string => items.map((item) => `  ${item},\n`).join('')

const fileOf = (className: string): string => wordsOf(className).join('-').toLowerCase()

const moduleOf = (className: string, { extension }: SourceStyle): string => `./${fileOf(className)}${extension}`
