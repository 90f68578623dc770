// What does a second engine cost? Prints the time to make engines over generated entities: the first, which discovers them; a second
// that takes over what was found; and a second that may not, because it names its columns differently.
//
//   node --conditions=fastify-sqlassist-source --import=tsx benchmarks/discovery.ts [entities] [rounds]
import { defineEntity, EntityCaseNamingStrategy, type EntitySchema, p } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/sqlite'
import { createSqlAssist, type EngineOptions } from '../orm/index.ts'

const count = Number(process.argv[2] ?? 200)
const rounds = Number(process.argv[3] ?? 5)

/** Entities with a dozen columns each, in a chain of relations. */
function generate(round: number): EntitySchema[] {
  const entities: EntitySchema[] = []
  for (let index = 0; index < count; index++) {
    const previous = entities.at(-1)
    const columns = Object.fromEntries(Array.from({ length: 10 }, (_, column) => [`column${column}`, column % 2 === 0 ? p.string() : p.integer().nullable()]))
    const relation = previous === undefined ? {} : { previous: () => p.manyToOne(previous as never).nullable() }
    entities.push(defineEntity({ name: `Entity${round}x${index}`, properties: { id: p.integer().primary(), ...columns, ...relation } } as never))
  }
  return entities
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const figures: Record<'first' | 'shared' | 'unshared', number[]> = { first: [], shared: [], unshared: [] }

for (let round = 0; round < rounds; round++) {
  const entities = generate(round)
  const config = (name: string, options: object = {}): EngineOptions => ({ config: defineConfig({ dbName: `${name}.sqlite`, entities, ...options }) })
  // Deferred, so that each engine is made where it is measured: at its first use.
  await using sqlassist = await createSqlAssist({
    engines: { first: config('first'), shared: config('shared'), unshared: config('unshared', { namingStrategy: EntityCaseNamingStrategy }) },
    discovery: 'deferred',
  })
  for (const name of ['first', 'shared', 'unshared'] as const) {
    const start = performance.now()
    void sqlassist.engine(name).orm
    figures[name].push(performance.now() - start)
  }
}

console.log(`${count} entities, median of ${rounds} rounds, ms per engine`)
for (const [what, values] of Object.entries(figures)) console.log(what.padEnd(10), median(values).toFixed(1))
