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

/** Each way is run so often before: some of it is compiled only then. */
const WARM_UP_ROUNDS = 30

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

async function run(way: () => unknown): Promise<void> {
  for (let time = 0; time < times; time++) {
    const done = way()
    if (done !== undefined) await done
  }
}

/** Nothing is collected before: a heap that was just emptied gives its memory back, and the first to use it again pays for that. */
async function time(way: () => unknown): Promise<number> {
  const began = cpuMicroseconds()
  await run(way)
  return ((cpuMicroseconds() - began) * 1000) / times
}

async function weigh(way: () => unknown): Promise<number> {
  globalThis.gc!()
  const before = process.memoryUsage().heapUsed
  await run(way)
  return (process.memoryUsage().heapUsed - before) / times
}

answer({
  kept: () => kept !== undefined,
  async measure() {
    for (let round = 0; round < WARM_UP_ROUNDS; round++) for (const way of Object.values(ways)) await run(way)
    const figures = Object.fromEntries(Object.keys(ways).map((name) => [name, { ns: [] as number[], bytes: [] as number[] }]))
    for (let round = 0; round < rounds; round++) {
      for (const [name, way] of shuffled(Object.entries(ways))) {
        figures[name]!.ns.push(await time(way))
      }
    }
    for (let round = 0; round < rounds; round++) for (const [name, way] of shuffled(Object.entries(ways))) figures[name]!.bytes.push(await weigh(way))
    return figures
  },
})
process.send!('ready')
