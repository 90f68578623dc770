// What a session costs that is opened and closed, beside MikroORM's ways to have an EntityManager. Each is done in turn, some thousand times, and never twice
// in the same order; memory is what was allocated meanwhile, in a heap that is so large that nothing is collected.
import { MikroORM } from '@mikro-orm/core'
import { createSqlAssist } from '../../orm/index.ts'
import { shuffled } from '../harness/statistics.ts'
import { configOf, makeEntities } from '../peers/mikro-orm-config.ts'
import { answer, cpuMicroseconds } from './answer.ts'

interface Extent {
  readonly times: number
  readonly rounds: number
}

const { times, rounds } = JSON.parse(process.argv[2]!) as Extent
const config = () => {
  const { BookSchema, NoteSchema } = makeEntities()
  return configOf({ database: 'postgresql', url: 'postgresql://nobody@127.0.0.1:1/none', pool: 1, engines: 1 }, [BookSchema, NoteSchema])
}
const orm = new MikroORM(config())
const { em } = orm
const metadata = orm.getMetadata()
const db = await createSqlAssist({ engines: { reader: { config: config(), readonly: true } }, discovery: 'deferred' })
void db.engine('reader').orm

type Em = new (config: unknown, driver: unknown, metadata: unknown, useContext: boolean, eventManager: unknown) => object
const EntityManager = em.constructor as Em
const events = em.getEventManager()
let kept: unknown

const ways: Readonly<Record<string, () => unknown>> = {
  new: () => { kept = new EntityManager(orm.config, orm.driver, metadata, false, events) },
  'new-again': () => { kept = new EntityManager(orm.config, orm.driver, metadata, false, events) },
  fork: () => { kept = em.fork() },
  container: async () => await db.session().close(),
  session: async () => {
    const container = db.session()
    kept = container.reader
    await container.close()
  },
}

async function run(way: () => unknown): Promise<{ readonly ns: number; readonly bytes: number }> {
  globalThis.gc!()
  const before = process.memoryUsage().heapUsed
  const began = cpuMicroseconds()
  for (let time = 0; time < times; time++) {
    const done = way()
    if (done !== undefined) await done
  }
  const ns = ((cpuMicroseconds() - began) * 1000) / times
  return { ns, bytes: (process.memoryUsage().heapUsed - before) / times }
}

answer({
  kept: () => kept !== undefined,
  async measure() {
    for (let round = 0; round < 3; round++) for (const way of Object.values(ways)) await run(way)
    const figures = Object.fromEntries(Object.keys(ways).map((name) => [name, { ns: [] as number[], bytes: [] as number[] }]))
    for (let round = 0; round < rounds; round++) {
      for (const [name, way] of shuffled(Object.entries(ways))) {
        const { ns, bytes } = await run(way)
        figures[name]!.ns.push(ns)
        figures[name]!.bytes.push(bytes)
      }
    }
    return figures
  },
})
process.send!('ready')
