// One read by key, as a request does it: with a session that is opened for it and closed after it, with a fork made by hand, and through MikroORM's own
// RequestContext with as many engines as there are. CPU time in one process, rounds alternating; the plain MikroORM is another one, made without this package.
//
//   node --conditions=fastify-sqlassist-source --import=tsx benchmarks/read-cost.ts [engines] [url of a PostgreSQL]
import { defineEntity, type EntityManager, MikroORM, p, RequestContext } from '@mikro-orm/core'
import { PostgreSqlDriver } from '@mikro-orm/postgresql'
import { SqliteDriver } from '@mikro-orm/sqlite'
import { createSqlAssist } from '../orm/index.ts'

const engines = Number(process.argv[2] ?? 1)
const clientUrl = process.argv[3]
const rounds = 40
const each = 500

const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } })
const config = clientUrl === undefined ? { driver: SqliteDriver, dbName: ':memory:', entities: [Note] } : { driver: PostgreSqlDriver, clientUrl, entities: [Note] }
const names = Array.from({ length: engines }, (_, index) => `engine${index}`)

const sqlassist = await createSqlAssist({ engines: Object.fromEntries(names.map((name) => [name, { config }])) })
const orms = await Promise.all(names.map(async (contextName) => await MikroORM.init({ ...config, contextName } as never)))
const twins = await createSqlAssist({ engines: { engine0: { config } } })
for (const orm of [sqlassist.engine('engine0').orm, orms[0]!, twins.engine('engine0').orm]) {
  await orm.schema.update({ safe: true })
  await orm.em.fork().upsert(Note, { id: 1, text: 'read' })
}
const { em } = orms[0]!
const managers = orms.map((orm) => orm.em)

async function bySession(from: typeof sqlassist): Promise<unknown> {
  const sessions = from.session()
  const session: EntityManager = sessions.get('engine0' as never)
  const note = await session.findOne(Note, 1)
  await sessions.close()
  return note
}

const variants: Record<string, () => Promise<unknown>> = {
  'fork by hand': async () => await em.fork().findOne(Note, 1),
  'fork by hand, again': async () => await em.fork().findOne(Note, 1),
  'RequestContext': async () => await RequestContext.create(engines === 1 ? em : managers, async () => await em.findOne(Note, 1)),
  [`session, ${engines} engines`]: async () => await bySession(sqlassist),
  'session, 1 engine': async () => await bySession(twins as never),
}

const figures = new Map<string, number[]>()
for (let round = 0; round < rounds; round++) {
  const order = Object.entries(variants)
  for (let turn = 0; turn < order.length; turn++) {
    const [name, run] = order[(turn + round) % order.length]!
    const cpu = process.threadCpuUsage()
    for (let index = 0; index < each; index++) await run()
    const { user, system } = process.threadCpuUsage(cpu)
    if (round >= rounds / 4) figures.set(name, [...(figures.get(name) ?? []), (user + system) / each])
  }
}

/** Ratios of the same round: what slows the machine down, slows both. */
const byHand = figures.get('fork by hand')!
for (const [name, values] of figures) {
  const ratios = values.map((value, round) => byHand[round]! / value)
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
  const error = Math.sqrt(ratios.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / (ratios.length - 1) / ratios.length)
  const median = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
  console.log(name.padEnd(22), `${median.toFixed(1)} us`.padStart(10), `  ${mean.toFixed(3)} of fork by hand (95 %: ${(mean - 1.96 * error).toFixed(3)} to ${(mean + 1.96 * error).toFixed(3)})`)
}
await Promise.all([sqlassist.dispose(), twins.dispose(), ...orms.map(async (orm) => await orm.close())])
