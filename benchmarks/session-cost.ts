// What a session costs over the EntityManager that it is: CPU time and bytes of the heap to open and to close one, nothing asked of the
// database. Rounds of the variants alternate, so that warming up and the noise of the machine fall on all of them.
//
//   node --expose-gc --conditions=fastify-sqlassist-source --import=tsx benchmarks/session-cost.ts [rounds]
import type { EntityManager } from '@mikro-orm/core'
import { defineEntity, p } from '@mikro-orm/core'
import { SqliteDriver } from '@mikro-orm/sqlite'
import { createSqlAssist, type SqlAssist } from '../orm/index.ts'

/** One opening and one closing. */
export interface Cost {
  readonly ns: number
  readonly bytes: number
}

/** `made`: `new EntityManager(...)` of the driver; `fork`: MikroORM's fork of it; `session`: opened by touching it in a container, and closed with that. */
export type SessionCosts = Record<'made' | 'fork' | 'session', Cost>

type Constructor = new (...args: unknown[]) => EntityManager

/** @param collect - `globalThis.gc`; without it there are no bytes */
// oxlint-disable-next-line typescript/no-explicit-any -- whatever engines
export function sessionCosts(sqlassist: SqlAssist<any>, name: string, { rounds = 30, each = 20_000, collect = globalThis.gc } = {}): SessionCosts {
  const { em } = sqlassist.engine(name).orm
  const Plain = driversClass(em)
  const parts = [em.config, em.getDriver(), em.getMetadata(), false, em.getEventManager()]
  const plain = new Plain(...parts)
  const variants = {
    made: (): unknown => new Plain(...parts),
    fork: (): unknown => plain.fork(),
    // As a request does it: nobody waits for the end, and there is nothing to wait for.
    session: (): unknown => {
      const sessions = sqlassist.session()
      const opened: unknown = sessions.get(name as never)
      void sessions.close()
      return opened
    },
  }
  // Under load there is always one: with none left V8 throws away the shapes of the objects, and the code that was compiled for them.
  const kept = [sqlassist.session(), plain, plain.fork()]
  void (kept[0] as ReturnType<typeof sqlassist.session>).get(name as never)
  const names = ['made', 'fork', 'session'] as const
  const figures = { made: [] as Cost[], fork: [] as Cost[], session: [] as Cost[] }
  for (let round = 0; round < rounds; round++) {
    const late = round >= rounds / 3 // what comes before warms up
    for (const name of names) {
      const cpu = process.threadCpuUsage()
      repeat(variants[name], each)
      const { user, system } = process.threadCpuUsage(cpu)
      if (late) figures[name].push({ ns: ((user + system) * 1000) / each, bytes: NaN })
    }
  }
  if (collect !== undefined) for (const name of names) figures[name].push({ ns: NaN, bytes: bytesOf(variants[name], collect) })
  void (kept[0] as ReturnType<typeof sqlassist.session>).close()
  return { made: median(figures.made), fork: median(figures.fork), session: median(figures.session) }
}

function repeat(run: () => unknown, times: number): void {
  for (let index = 0; index < times; index++) run()
}

/** The young generation must have room for all of them: what is collected in between is not counted. */
function bytesOf(run: () => unknown, collect: () => void): number {
  const few = 1000
  const samples: number[] = []
  for (let sample = 0; sample < 15; sample++) {
    collect()
    const before = process.memoryUsage().heapUsed
    repeat(run, few)
    samples.push((process.memoryUsage().heapUsed - before) / few)
  }
  return middle(samples)
}

/** The class under ours, which an application has that makes its EntityManagers by hand. */
function driversClass(em: EntityManager): Constructor {
  let prototype = Object.getPrototypeOf(em) as object
  while (!('createQueryBuilder' in prototype && /^(Sql|Sqlite|Postgre).*EntityManager$/.test(prototype.constructor.name))) prototype = Object.getPrototypeOf(prototype) as object
  return prototype.constructor as Constructor
}

const middle = (values: readonly number[]): number => {
  const counted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b)
  return counted[Math.floor(counted.length / 2)] ?? NaN
}
const median = (costs: readonly Cost[]): Cost => ({ ns: middle(costs.map(({ ns }) => ns)), bytes: middle(costs.map(({ bytes }) => bytes)) })

if (import.meta.main) {
  const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } })
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: { driver: SqliteDriver, dbName: ':memory:', entities: [Note] } } } })
  const costs = sessionCosts(sqlassist, 'writer', { rounds: Number(process.argv[2] ?? 30) })
  for (const [what, { ns, bytes }] of Object.entries(costs)) console.log(what.padEnd(8), `${ns.toFixed(0)} ns`.padStart(10), `${bytes.toFixed(0)} bytes`.padStart(12))
  console.log('session over made:', `${(costs.session.ns - costs.made.ns).toFixed(0)} ns, ${(costs.session.bytes - costs.made.bytes).toFixed(0)} bytes`)
}
