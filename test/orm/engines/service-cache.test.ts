// The services of a Configuration are found in another way, and are the same.
import { Configuration, EntityComparator } from '@mikro-orm/core'
import { defineConfig, MikroORM } from '@mikro-orm/sqlite'
import t from 'tap'
import { createSqlAssist, sqlAssistConfig } from 'fastify-sqlassist/orm'
import { library } from '../sessions/fixtures/library.ts'

interface Services {
  getCachedService(cls: new (name: string) => object, name: string): object
}

const options = (): ReturnType<typeof defineConfig> => defineConfig({ dbName: ':memory:', entities: library })

const isMikroOrms = (config: object): boolean => (config as unknown as Services).getCachedService === (Configuration.prototype as unknown as Services).getCachedService

t.test('an engine has one of each service, which is made once, until all are forgotten', async (t) => {
  await using db = await createSqlAssist({ engines: { writer: { config: options() } } })
  const { config, driver } = db.engine('writer').orm
  const metadata = db.engine('writer').orm.getMetadata()
  t.notOk(isMikroOrms(config))
  const comparator = config.getComparator(metadata)
  t.ok(comparator instanceof EntityComparator)
  t.equal(config.getComparator(metadata), comparator)
  t.equal((driver as unknown as { comparator: object }).comparator, comparator, 'the one that was there before')
  t.equal(db.engine('writer').orm.em.getComparator(), comparator)
  config.resetServiceCache()
  const next = config.getComparator(metadata)
  t.not(next, comparator)
  t.equal(db.engine('writer').orm.em.fork().getComparator(), next)
})

t.test('of two classes of one name it is the first one that is made, as MikroORM has it', async (t) => {
  const made: string[] = []
  const serviceOf = (text: string): (new (name: string) => object) => class Service {
    readonly by = text

    constructor(name: string) {
      made.push(`${this.by} ${name}`)
    }
  }
  const [one, two] = [serviceOf('one'), serviceOf('two')]
  await using db = await createSqlAssist({ engines: { writer: { config: options() } } })
  const byHand = new MikroORM(options())
  for (const { config } of [db.engine('writer').orm, byHand] as unknown as { config: Services }[]) {
    const first = config.getCachedService(one, 'first')
    t.equal(config.getCachedService(one, 'second'), first)
    t.equal(config.getCachedService(two, 'third'), first)
  }
  t.strictSame(made, ['one first', 'one first'])
  await byHand.close()
})

t.test('a MikroORM of the application stays as it is, unless it asked for the guarantees', async (t) => {
  const [foreign, ours] = [new MikroORM(options()), new MikroORM(sqlAssistConfig('ours', options()))]
  await using db = await createSqlAssist({ engines: { ours: { orm: ours, dispose: true } } })
  t.notOk(isMikroOrms(db.engine('ours').orm.config))
  await using other = await createSqlAssist({ engines: { foreign: { orm: foreign, dispose: true } } })
  t.ok(isMikroOrms(other.engine('foreign').orm.config))
})
