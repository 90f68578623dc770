// An application with many entities, a route file each, written twice: with this package, and on MikroORM alone. All else is the same.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How the two get at their sessions. */
const WITH = {
  engines: `import { defineConfig } from '@mikro-orm/postgresql'
import { defineEngines, type EnginesOf } from 'fastify-sqlassist'
import { entities } from './entities.ts'

export const engines = defineEngines({
  writer: { config: defineConfig({ dbName: 'app', entities }), default: true },
  reader: { config: defineConfig({ dbName: 'app', entities }), readonly: true },
})

declare module 'fastify-sqlassist' {
  interface SqlAssistEngines extends EnginesOf<typeof engines> {}
}
`,
  main: `import sqlassist from 'fastify-sqlassist'
import { engines } from './engines.ts'
await app.register(sqlassist, { engines })
`,
  reader: 'request.dbSession.reader',
  writer: 'request.dbSession.writer',
}

const WITHOUT: typeof WITH = {
  engines: `import { defineConfig, MikroORM } from '@mikro-orm/postgresql'
import { entities } from './entities.ts'

export const writer = await MikroORM.init(defineConfig({ dbName: 'app', entities }))
export const reader = await MikroORM.init(defineConfig({ dbName: 'app', entities }))

declare module 'fastify' {
  interface FastifyRequest {
    reader: typeof reader.em
    writer: typeof writer.em
  }
}
`,
  main: `import { reader, writer } from './engines.ts'
app.addHook('onRequest', async (request) => {
  request.reader = reader.em.fork()
  request.writer = writer.em.fork()
})
`,
  reader: 'request.reader',
  writer: 'request.writer',
}

/** Entities that differ as those of an application do: in their names, in a column, and in what they lead to. */
function entity(index: number, count: number): string {
  const [previous, next] = [(index + count - 1) % count, (index + 1) % count]
  return `import { Collection, type Opt, type Ref } from '@mikro-orm/core'
import { Entity, ManyToOne, OneToMany, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { Thing${previous} } from './thing-${previous}.ts'
import { Thing${next} } from './thing-${next}.ts'

@Entity()
export class Thing${index} {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', unique: true })
  name!: string

  @Property({ type: 'text', nullable: true })
  description?: string | null

  @Property({ type: 'datetime' })
  createdAt: Opt<Date> = new Date()

  @Property({ type: 'string' })
  column${index}!: string

  @ManyToOne({ entity: () => Thing${next}, ref: true })
  next${index}!: Ref<Thing${next}>

  @OneToMany({ entity: () => Thing${previous}, mappedBy: 'next${previous}' })
  previous${index} = new Collection<Thing${previous}>(this)
}
`
}

const routes = (index: number, { reader, writer }: typeof WITH): string => `import type { FastifyInstance } from 'fastify'
import { Thing${index} } from './thing-${index}.ts'

export async function routes${index}(app: FastifyInstance): Promise<void> {
  app.get<{ Querystring: { name: string } }>('/things/${index}', async (request) => {
    return await ${reader}.find(Thing${index}, { name: request.query.name }, { orderBy: { id: 'asc' }, limit: 10 })
  })
  app.get<{ Params: { id: number } }>('/things/${index}/:id', async (request) => {
    const thing = await ${reader}.repo(Thing${index}).findOneOrFail(request.params.id, { populate: ['next${index}'] })
    return { name: thing.name, next: thing.next${index}.$.name }
  })
  app.patch<{ Params: { id: number }; Body: { name: string } }>('/things/${index}/:id', async (request) => {
    const thing = await ${writer}.repo(Thing${index}).findOneOrFail({ id: request.params.id })
    thing.name = request.body.name
    await ${writer}.flush()
    return await thing.previous${index}.loadCount()
  })
}
`

const all = (count: number, each: (index: number) => string): string => Array.from({ length: count }, (_, index) => each(index)).join('')

/** Writes an application of so many entities into a folder: `with` this package, or without. */
export function writeApplication(folder: string, count: number, kind: 'with' | 'without'): void {
  const ways = kind === 'with' ? WITH : WITHOUT
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
  for (let index = 0; index < count; index++) {
    write(`thing-${index}.ts`, entity(index, count))
    write(`routes-${index}.ts`, routes(index, ways))
  }
  write('entities.ts', `${all(count, (index) => `import { Thing${index} } from './thing-${index}.ts'\n`)}\nexport const entities = [${all(count, (index) => `Thing${index}, `)}] as const\n`)
  write('engines.ts', ways.engines)
  write('main.ts', `import Fastify from 'fastify'\n${all(count, (index) => `import { routes${index} } from './routes-${index}.ts'\n`)}\nconst app = Fastify()\n${ways.main}${all(count, (index) => `await app.register(routes${index})\n`)}`)
  write('package.json', JSON.stringify({ type: 'module' }))
  const compilerOptions = {
    target: 'es2024', lib: ['es2024', 'esnext.disposable', 'esnext.decorators'], module: 'nodenext', strict: true, skipLibCheck: true, noEmit: true, allowImportingTsExtensions: true, types: ['node'],
  }
  write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }))
}
