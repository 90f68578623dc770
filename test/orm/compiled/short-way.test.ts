// What goes the short way comes to the same as what MikroORM does: the same random calls in two databases, through an engine with it and one without.
import { inspect } from 'node:util'
import { type EntityManager, wrap } from '@mikro-orm/core'
import * as postgresql from '@mikro-orm/postgresql'
import * as sqlite from '@mikro-orm/sqlite'
import { createSqlAssist, type EngineOptions, getById, getByIds, onSqlAssistEvent, type SqlAssist } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { Random } from '../../soak/random.ts'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { FULL } from '../../support/size.ts'
import { makeModel, type Model } from './support/model.ts'

const SEEDS = FULL ? 400 : 16
const CALLS = FULL ? 60 : 40
const ROWS = 6
const FIRST = Number(process.env['TEST_SEED'] ?? 1)

/** An engine, its session, and what it has sent since one last looked. */
interface Side {
  readonly db: SqlAssist
  em: EntityManager
  close(): Promise<void>
  sent: { text: string; bound: boolean }[]
}

const platformOf = (side: Side): { quoteValue(value: unknown): string } => side.db.engine().orm.driver.getPlatform()

/** A statement as it would be with its values written into it, and without those that only make a list longer. */
function inlined(side: Side, sent: string, parameters: readonly unknown[]): string {
  if (parameters.length === 0) return sent
  const text = sent.replace(/(?<= in \().*(?=\)$)/, (list) => unpadded(list, parameters))
  let place = 0
  return text.replaceAll(/\$(\d+)|\?/g, (_, index?: string) => platformOf(side).quoteValue(parameters[index === undefined ? place++ : Number(index) - 1]))
}

/** What an engine is given to get to a database of a kind. */
type Config = (entities: readonly (new () => object)[]) => EngineOptions['config']

function unpadded(list: string, parameters: readonly unknown[]): string {
  const items = list.match(/\([^)]*\)|[^(), ]+/g)!
  const size = parameters.length / items.length
  const keyOf = (index: number): string => inspect(parameters.slice(index * size, (index + 1) * size))
  while (items.length > 1 && keyOf(items.length - 1) === keyOf(items.length - 2)) items.pop()
  return items.join(', ')
}

async function makeSide(config: Config, model: Model, fastPath: boolean): Promise<Side> {
  const db = await createSqlAssist({ engines: { [fastPath ? 'short' : 'long']: { config: config(model.entities)!, fastPath, preparedStatements: false } } })
  const side: Side = { db, em: undefined as never, close: async () => {}, sent: [] }
  const open = (): void => {
    const container = db.session()
    side.em = container.get(fastPath ? 'short' : 'long')
    side.close = async () => await container.close()
  }
  open()
  return side
}

/** All that there is to know of what a call has come to. */
async function outcome(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return describe(await call())
  } catch (error) {
    const { name, message, code, cause, constructor } = error as Error & { code?: unknown }
    return { class: constructor.name, name, message: message.replaceAll(/\b(?:short|long)\b/g, 'an engine'), code, cause: cause === undefined ? undefined : inspect(cause) }
  }
}

function describe(found: unknown): unknown {
  if (Array.isArray(found)) return found.map(describe)
  if (typeof found !== 'object' || found === null) return found
  if (!('__helper' in found)) return inspect(found)
  const helper = wrap(found, true) as never as Record<string, unknown>
  return {
    is: inspect(found, { depth: 3, sorted: false }),
    names: Object.keys(found),
    snapshot: inspect(helper['__originalEntityData'], { depth: 5 }),
    initialized: helper['__initialized'],
    managed: helper['__managed'],
    touched: helper['__touched'],
    loaded: [...(helper['__loadedProperties'] as Set<string>)],
    context: inspect(helper['__serializationContext'], { depth: 4 }),
    json: helper['__initialized'] === true ? JSON.stringify(wrap(found).toJSON(), (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)) : 'a reference',
  }
}

/** What an EntityManager holds, in no order: a list of keys has none for a database. */
const held = (em: EntityManager): unknown => [...em.getUnitOfWork().getIdentityMap()].map((entity) => `${entity.constructor.name} ${inspect(wrap(entity, true).getPrimaryKey())} ${String(wrap(entity).isInitialized())}`).toSorted()

const INVALID: readonly unknown[] = ['', 'abc', null, undefined, Number.NaN, 1.5, -0, 2 ** 31, 2 ** 53, 10n ** 30n, [], [1], {}, { $in: [1, 2] }, true, new Date(0), '\0', '\ud800', ' 1', '1', 1n, Symbol.iterator]

type Call = (em: EntityManager, model: Model) => Promise<unknown>

/** One call, chosen now and run on both sides. */
function chooseCall(random: Random, model: Model): { readonly words: string; readonly call: Call; readonly ends?: boolean } {
  const n = 1 + random.below(ROWS + 2) // the last ones are missing
  const key = model.key(n)
  const single = model.primary.length === 1 ? key['id'] : model.primary.map((name) => key[name])
  const column = model.columns.length === 0 ? undefined : random.of(model.columns)
  const changed = column === undefined ? undefined : model.value(random, column, n)
  const invalid = random.of(INVALID)
  const some = Array.from({ length: random.below(8) }, () => 1 + random.below(ROWS + 2))
  const uniqueN = { unique: model.uniqueValue(n) }
  const { Item } = model
  const calls: Record<string, Call> = {
    'findOne(key)': async (em) => await em.findOne(Item, single),
    'findOne({ key })': async (em) => await em.findOne(Item, { ...key }),
    'findOne({ unique })': async (em) => await em.findOne(Item, { ...uniqueN }),
    'findOne({ key }), backwards': async (em) => await em.findOne(Item, Object.fromEntries(Object.entries(key).toReversed())),
    'findOneOrFail(key)': async (em) => await em.findOneOrFail(Item, single),
    'getById': async (em) => await getById(em, Item, single as never),
    'getById by unique': async (em) => await (getById as never as (...args: unknown[]) => Promise<unknown>)(em, Item, uniqueN.unique, 'unique'),
    'getByIds': async (em) => await getByIds(em, Item, some.map((id) => (model.primary.length === 1 ? model.key(id)['id'] : model.primary.map((name) => model.key(id)[name]))) as never),
    'getByIds by unique': async (em) => await (getByIds as never as (...args: unknown[]) => Promise<unknown>)(em, Item, some.map((id) => model.uniqueValue(id)), 'unique'),
    'change and getByIds': async (em) => {
      const item = (await em.findOne(Item, { ...key })) as Record<string, unknown> | null
      if (item !== null && column !== undefined && column !== 'lazyRef') item[`c_${column}`] = changed
      return [await getByIds(em.fork(), Item, [single] as never), await em.transactional(async (inner) => await getByIds(inner, Item, [single] as never))]
    },
    'invalid findOne': async (em) => await em.findOne(Item, invalid),
    'invalid findOne({ key })': async (em) => await em.findOne(Item, { [model.primary[0]!]: invalid }),
    'invalid findOne({ unique })': async (em) => await em.findOne(Item, { unique: invalid }),
    'invalid getByIds': async (em) => await getByIds(em, Item, [single, invalid] as never),
    'unknown column': async (em) => await em.findOne(Item, { nothing: 1 }),
    'options': async (em) => await em.findOne(Item, { ...key }, { refresh: true }),
    'at once': async (em) => await Promise.all([em.findOne(Item, { ...key }), em.findOne(Item, { ...key }), em.findOne(Item, { ...uniqueN })]),
    'a part of it': async (em) => await em.findOne(Item, { ...key }, { fields: [model.primary[0]!] as never }),
    'reference': async (em) => em.getReference(Item, single as never),
    'change': async (em) => {
      const item = (await em.findOne(Item, { ...key })) as Record<string, unknown> | null
      if (item !== null && column !== undefined) item[`c_${column}`] = column === 'lazyRef' ? item[`c_${column}`] : changed
      return item
    },
    'flush': async (em) => await em.flush(),
    'clear': async (em) => em.clear(),
    'in a transaction': async (em) => await em.transactional(async (inner) => [await inner.findOne(Item, { ...key }), await em.findOne(Item, { ...uniqueN })]),
    'a fork': async (em) => await em.fork().findOne(Item, { ...key }),
    'a fork with a filter': async (em) => {
      const fork = em.fork()
      fork.addFilter({ name: 'one', cond: { unique: model.uniqueValue(1) }, entity: [Item] as never } as never)
      return [await fork.findOne(Item, { ...key }), await fork.fork().findOne(Item, { ...key })]
    },
    'flush mode': async (em) => {
      const fork = em.fork({ flushMode: 'always' as never })
      const item = (await fork.findOne(Item, { ...model.key(1) })) as Record<string, unknown> | null
      if (item !== null && column !== undefined && column !== 'lazyRef') item[`c_${column}`] = changed
      return await fork.findOne(Item, { ...model.key(2) })
    },
    'remove and look': async (em) => {
      const fork = em.fork()
      const item = await fork.findOne(Item, { ...model.key(ROWS) })
      if (item !== null) fork.remove(item)
      return await fork.findOne(Item, { ...model.key(1) })
    },
    'shelf': async (em) => {
      const item = (await em.findOne(Item, { ...key })) as { shelf?: object | null } | null
      return item?.shelf && (await wrap(item.shelf).init())
    },
  }
  const words = random.of(Object.keys(calls))
  return { words: `${words} of ${n}, ${inspect(invalid)}`, call: calls[words]! }
}

/** What a flush of one statement sends around it, where it goes the long way. */
const AROUND_A_FLUSH = /^(?:begin$|commit$|rollback$|select txid_current_if_assigned\(\))/

/** Those that are on their way at once may be sent in any order: it depends on which connection is there first. */
const textsOf = ({ sent }: Side): string[] => sent.map(({ text }) => text).filter((text) => !AROUND_A_FLUSH.test(text)).toSorted()

const KINDS: Readonly<Record<string, (t: Test) => Promise<Config>>> = {
  async PostgreSQL(t) {
    const clientUrl = await postgresDatabase(t)
    return (entities) => postgresql.defineConfig({ clientUrl, entities: [...entities] })
  },
  async SQLite(t) {
    const dbName = sqliteFile(t)
    return (entities) => sqlite.defineConfig({ dbName, entities: [...entities] })
  },
}

for (const [kind, database] of Object.entries(KINDS)) t.test(`random entities and calls, ${kind}`, async (t) => {
  const configs = [await database(t), await database(t)] as const
  const sides: Side[] = []
  const listening = onSqlAssistEvent('sqlassist:query:start', ({ engine, sql, parameters }) => {
    const side = sides[engine === 'short' ? 0 : 1]
    side?.sent.push({ text: inlined(side, sql, parameters), bound: parameters.length > 0 })
  })
  let taken = 0
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const random = new Random(seed)
    const model = makeModel(random, seed, kind === 'SQLite' ? 2n ** 40n : 2n ** 53n)
    t.comment(`TEST_SEED=${seed}: ${model.words}`)
    const [short, long] = [await makeSide(configs[0], model, true), await makeSide(configs[1], model, false)] as const
    sides.splice(0, 2, short, long)
    const rows = Array.from({ length: ROWS }, (_, index) => model.row(random, index + 1))
    for (const { db } of [short, long]) {
      const { orm } = db.engine()
      await orm.schema.create()
      const em = orm.em.fork()
      await em.insertMany(model.entities[1]!, [{ id: 1, name: 'high' }, { id: 2, name: 'low' }] as never)
      for (const row of rows) em.create(model.Item, structuredClone(row) as never)
      await em.flush()
    }
    let shortHere = 0
    for (let call = 0; call < CALLS; call++) {
      const chosen = chooseCall(random, model)
      short.sent = []
      long.sent = []
      const results = [await outcome(async () => await chosen.call(short.em, model)), await outcome(async () => await chosen.call(long.em, model))]
      const where = `seed ${seed}, call ${call}: ${chosen.words}`
      // SQLite answers at once: while the statement for one key is made, a read by another one may find the row.
      const spared = kind === 'SQLite' && chosen.words.startsWith('at once')
      const expected = spared ? [...new Set(textsOf(long))].filter((text) => textsOf(short).includes(text)) : textsOf(long)
      const same = [
        t.strictSame(results[0], results[1], where),
        t.strictSame(held(short.em), held(long.em), `${where}: the same entities are held`),
        t.strictSame(spared ? [...new Set(textsOf(short))] : textsOf(short), expected, `${where}: the same statements, but for the places of values`),
      ]
      if (same.includes(false)) break
      shortHere += short.sent.filter(({ bound, text }) => bound && text.startsWith('select')).length
      t.notOk(long.sent.some(({ bound }) => bound), 'nothing else is bound')
    }
    if (model.short.primary && model.short.unique) t.ok(shortHere > 0, `seed ${seed}: the short way was taken`)
    if (!model.short.primary && !model.short.unique) t.equal(shortHere, 0, `seed ${seed}: it was not taken for what it is not made for`)
    taken += shortHere
    for (const side of [short, long]) {
      await side.close()
      await side.db.dispose()
    }
  }
  listening()
  t.ok(taken > SEEDS, `${taken} statements went the short way`)
})
