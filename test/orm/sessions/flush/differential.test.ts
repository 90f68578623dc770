// The short way of a flush has the same outcome as MikroORM's own: in the database, in the entity, and where it fails.
import { type EntityManager, wrap } from '@mikro-orm/core'
import { defineConfig, type SqlEntityManager } from '@mikro-orm/postgresql'
import t from 'tap'
import { createSqlAssist, onSqlAssistEvent, type QueryEvent } from 'fastify-sqlassist/orm'
import { asSuperuser, postgresDatabase } from '../../../support/databases.ts'
import { FULL } from '../../../support/size.ts'
import { Owner, ownerSchema, pick, type Random, randomEntity } from './fixtures/random-entities.ts'

const ENTITIES = FULL ? 40 : 8
const ROWS = FULL ? 60 : 25
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

function randomOf(start: number): Random {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** MikroORM serializes no SQL fragment, and one stays where the flush has failed. */
function attempted(fn: () => unknown): unknown {
  try {
    return fn()
  } catch (error) {
    return String(error)
  }
}

/** Everything that MikroORM knows of an entity, and that somebody could notice. */
function stateOf(entity: object): object {
  const helper = wrap(entity, true) as unknown as Record<string, unknown> & { toPOJO(): unknown; getPrimaryKey(): unknown; __loadedProperties: Set<string>; __identifier?: { getValue(): unknown } }
  const { __managed, __initialized, __originalEntityData, __schema, __processing, __populated, __pk } = helper
  return {
    own: Object.getOwnPropertyNames(entity).filter((name) => !name.startsWith('__')).toSorted(), json: attempted(() => JSON.stringify(entity)), plain: attempted(() => helper.toPOJO()), key: helper.getPrimaryKey(), identifier: helper.__identifier?.getValue(),
    managed: Boolean(__managed), __initialized, __originalEntityData, __schema, processing: Boolean(__processing), __populated, __pk, loaded: [...helper.__loadedProperties].toSorted(),
  }
}

/** Of several values that are all wrong, the server complains of a literal sooner than of a parameter: one of class 22 stands for all. */
const failure = (error: unknown): object => {
  const { name, code, constraint, column } = error as Record<string, unknown>
  return String(code).startsWith('22') ? { name, code: '22' } : { name, code, constraint, column }
}

const comparable = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}n` : Buffer.isBuffer(each) ? each.toString('hex') : each)))

t.test(`the same rows, entities and errors (SEED=${seed})`, async (t) => {
  const random = randomOf(seed)
  const entities = Array.from({ length: ENTITIES }, (_, number) => randomEntity(random, number))
  const urls = { short: await postgresDatabase(t), long: await postgresDatabase(t) }
  const config = (clientUrl: string): ReturnType<typeof defineConfig> => defineConfig({ clientUrl, entities: [ownerSchema, ...entities.map(({ schema }) => schema)] as never, forceUtcTimezone: true })
  await using db = await createSqlAssist({ engines: { short: { config: config(urls.short) }, long: { config: config(urls.long), fastPath: false, preparedStatements: false } } })
  for (const name of ['short', 'long'] as const) {
    await db.engine(name).orm.schema.create()
    await asSuperuser(urls[name], `insert into owner (name) values ('Ada'), ('Bea'); create extension if not exists pgcrypto`)
    await db.engine(name).orm.em.fork().count(Owner)
  }
  const sent: QueryEvent[] = []
  t.teardown(onSqlAssistEvent('sqlassist:query:end', (event) => !event.internal && sent.push(event)))
  let shortWays = 0

  for (const { schema, name, values } of entities) {
    for (let row = 0; row < ROWS; row++) {
      const start = Math.floor(random() * 2 ** 31)
      const outcomes: Record<string, unknown> = {}
      for (const way of ['short', 'long'] as const) {
        sent.length = 0
        outcomes[way] = await scenario(way, row, randomOf(start))
        if (way === 'short' && sent.some(({ sql, parameters }) => sql.startsWith('insert') && parameters.length > 0 && parameters.every((each) => each === null || typeof each === 'string') && !/::/.test(sql))) shortWays++
      }
      if (!t.strictSame(outcomes['short'], outcomes['long'], `${name} row ${row}`)) return
    }
    /** The server sees that a literal does not fit before it takes a number from the sequence, and of a parameter sometimes after. */
    async function align(em: EntityManager, number: number): Promise<void> {
      await (em as SqlEntityManager).fork().execute(`select setval(sequence, ?) from pg_get_serial_sequence(?, 'id') sequence where sequence is not null`, [number, name.toLowerCase()])
    }

    const rows = async (url: string): Promise<unknown> => (await asSuperuser(url, `select row_to_json(x)::jsonb - 'id' as r from ${name.toLowerCase()} x order by (row_to_json(x)::jsonb - 'id')::text`))
    t.strictSame(await rows(urls.short), await rows(urls.long), `${name}: the rows`)

    async function scenario(way: 'short' | 'long', row: number, of: Random): Promise<unknown> {
      const em = db.session()[way] as EntityManager
      const owner = of() < 0.5 ? em.getReference(Owner, 1) : of() < 0.5 ? await em.findOneOrFail(Owner, 2) : em.getReference(Owner, 9)
      const noted: unknown[] = []
      const note = (entity: object, what: string): void => void noted.push([what, comparable(stateOf(entity))])
      let given = values(of, owner)
      const entity = of() < 0.5 ? em.create(schema as never, given as never, { partial: true }) : Object.assign(Object.create((schema.meta.class as { prototype: object }).prototype) as object, given)
      em.persist(entity)
      const attempt = async (what: string): Promise<boolean> => {
        const error = await em.flush().then(() => undefined, (reason: unknown) => reason)
        if (error !== undefined) {
          noted.push([what, failure(error)])
          await align(db.engine(way).orm.em, 100 * (row + 1) + noted.length)
        }
        note(entity, what)
        return error === undefined
      }
      let saved = await attempt('flush')
      if (!saved) {
        // Repaired, and flushed again.
        given = values(of, em.getReference(Owner, 1))
        Object.assign(entity, given)
        em.persist(entity)
        saved = await attempt('again')
      }
      if (saved) {
        sent.length = 0
        await em.flush()
        noted.push(['nothing to do', sent.length])
        ;(entity as { text: unknown }).text = pick(of, ['x', 'changed'])
        await attempt('changed')
        noted.push(['update', sent.filter(({ kind }) => kind === 'other').map(({ sql }) => sql.replace(/ where .*| set .*$/s, ''))])
        em.clear()
        const again = await em.findOne(schema as never, wrap(entity, true).getPrimaryKey() as never)
        noted.push(['found', comparable(again)])
      }
      return mask(noted, wrap(entity, true).getPrimaryKey())
    }
  }
  t.ok(shortWays > ENTITIES * ROWS / 10, `${shortWays} of ${ENTITIES * ROWS} went the short way`)
})

/** A random key is another one each time; a sequence goes the same way on both. */
const mask = (noted: unknown, key: unknown): unknown => JSON.parse(typeof key === 'string' && key.length === 36 ? JSON.stringify(noted).replaceAll(key, 'a key') : JSON.stringify(noted))
