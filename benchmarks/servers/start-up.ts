// Starts an application with engines over generated entities, and tells how long that took.
import { defineEntity, EntityCaseNamingStrategy, type EntitySchema, MikroORM, MongoNamingStrategy, p, UnderscoreNamingStrategy } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/postgresql'
import Fastify from 'fastify'
import type { StartUp } from '../questions/start-up.ts'
import { answer, cpuMicroseconds } from './answer.ts'

const { way, entities: count, engines, url, naming } = JSON.parse(process.argv[2]!) as StartUp & { readonly url: string }

/** Entities with a dozen columns each, in a chain of relations. */
const entities: EntitySchema[] = []
for (let index = 0; index < count; index++) {
  const previous = entities.at(-1)
  const columns = Object.fromEntries(Array.from({ length: 10 }, (_, column) => [`column${column}`, column % 2 === 0 ? p.string() : p.integer().nullable()]))
  const relation = previous === undefined ? {} : { previous: () => p.manyToOne(previous as never).nullable() }
  entities.push(defineEntity({ name: `Entity${index}`, properties: { id: p.integer().primary(), ...columns, ...relation } } as never))
}

const STRATEGIES = [UnderscoreNamingStrategy, EntityCaseNamingStrategy, MongoNamingStrategy]
const configs = Array.from({ length: engines }, (_, index) => defineConfig({ clientUrl: url, entities, ...(naming === 'own' && { namingStrategy: STRATEGIES[index % 3]! }) }))

const app = Fastify()
app.get('/', () => ({ ok: true }))
if (way === 'by-hand') for (const [index, config] of configs.entries()) app.decorate(`orm${index}`, new MikroORM({ ...config, contextName: `orm${index}` }))
else if (way === 'ours') {
  const { sqlassist } = await import('../../plugin/index.ts')
  await app.register(sqlassist, { engines: Object.fromEntries(configs.map((config, index) => [`engine${index}`, { config }])) })
}
await app.listen({ port: 0, host: '127.0.0.1' })
answer({})
process.send!({ ms: performance.now(), cpuMs: cpuMicroseconds() / 1000 })
