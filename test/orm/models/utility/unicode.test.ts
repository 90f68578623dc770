// What `lower` means: the database's own, so that an index on lower(column) serves the helpers. The guide has the table.
import type { EntityManager } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/postgresql'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import t from 'tap'
import { asSuperuser, postgresDatabase, serverUrl } from '../../../support/databases.ts'
import { onEachDatabase } from './support/databases.ts'
import { Author, entities } from './support/library.ts'
import { fillLibrary } from './support/shelved.ts'

const found = async (em: EntityManager, search: string): Promise<string[]> =>
  (await Author.getByColumnLower(em, 'name', search, { allowMany: true })).map(({ name }) => name)

onEachDatabase(t, 'letters of ASCII have a lower case everywhere, and a text always equals itself', entities, async (t, { writer, reader }) => {
  await fillLibrary(writer)
  t.strictSame(await found(reader, 'ANN AMES'), ['Ann Ames', 'ann ames'])
  for (const name of ['Élodie', 'İpek', 'Strauß']) t.ok((await found(reader, name)).includes(name), name)
  t.strictSame(await found(reader, 'STRAUSS'), [], 'ß is no ss anywhere: that is folding, and not a lower case')
  const astral = '𐐀 😀'
  await writer.insert(Author, { id: 60, name: astral, email: 'astral' })
  t.strictSame((await Author.getByColumnSimilar(reader, 'name', '😀', { prefixOnly: false })).map(({ id }) => id), [60])
})

onEachDatabase(t, 'the database decides on all other letters', entities, async (t, { database, writer, reader }) => {
  await fillLibrary(writer)
  const [{ lower }] = (await (writer as EntityManager & { execute(sql: string): Promise<{ lower: string }[]> }).execute(`select lower('É') as lower`)) as [{ lower: string }]
  if (database === 'sqlite') t.equal(lower, 'É', 'SQLite knows ASCII only')
  t.strictSame(await found(reader, 'Élodie'), lower === 'é' ? ['Élodie', 'élodie'] : ['Élodie'])
  t.strictSame(await found(reader, 'ÉLODIE'), lower === 'é' ? ['Élodie', 'élodie'] : ['Élodie'])
  t.strictSame((await Author.getByColumnSimilar(reader, 'name', 'É')).length, lower === 'é' ? 2 : 1)
})

t.test('on PostgreSQL it is the collation that decides', async (t) => {
  const url = await postgresDatabase(t)
  const [version] = await asSuperuser<{ server_version_num: string }>(serverUrl(), 'show server_version_num')
  const collations = { ascii: '"C"', icu: '"und-x-icu"', ...(Number(version?.server_version_num) >= 180_000 ? { full: 'pg_unicode_fast' } : {}) }
  const { reader, writer } = await library(t, url)
  const results: Record<string, unknown> = {}
  for (const [name, collation] of Object.entries(collations)) {
    await asSuperuser(url, `alter table authors alter column name type varchar(255) collate ${collation}`)
    await asSuperuser(url, 'delete from authors')
    await fillAuthors(writer)
    for (const own of ['Élodie', 'İpek', 'Strauß']) t.ok((await found(reader, own)).includes(own), `${own} equals itself (${name})`)
    results[name] = { é: await found(reader, 'ÉLODIE'), i: await found(reader, 'i̇pek'), ß: await found(reader, 'STRAUẞ') }
  }
  const unicode = { é: ['Élodie', 'élodie'], i: ['İpek'], ß: ['Strauß'] }
  t.strictSame(results, {
    ascii: { é: ['Élodie'], i: [], ß: [] },
    icu: unicode,
    ...('full' in collations ? { full: unicode } : {}),
  })
})

t.test('an index on lower(column) serves the helpers (postgresql)', async (t) => {
  const url = await postgresDatabase(t)
  const { reader, statements } = await library(t, url)
  await asSuperuser(url, `create index authors_lower on authors (lower(name))`)
  await asSuperuser(url, `create index authors_prefix on authors (lower(name) text_pattern_ops)`)
  await asSuperuser(url, `insert into authors (id, name, email) select n, 'author ' || n, n::text from generate_series(1, 20000) as n`)
  await asSuperuser(url, 'analyze authors')
  statements.length = 0
  t.strictSame((await Author.getByColumnLower(reader, 'name', 'AUTHOR 1234'))?.id, 1234)
  t.strictSame((await Author.getByColumnSimilar(reader, 'name', 'AUTHOR 1999')).length, 11)
  for (const statement of statements) {
    const plan = (await asSuperuser(url, `explain ${statement}`)).map((line) => Object.values(line).join('')).join('\n')
    t.match(plan, /Index Scan (?:using|on) authors_(?:lower|prefix)/)
  }
  t.equal(statements.length, 2)
})

type Teardown = Parameters<typeof postgresDatabase>[0]

interface Library {
  readonly reader: EntityManager
  readonly writer: EntityManager
  /** The statements run so far, with their values. */
  readonly statements: string[]
}

async function library(t: Teardown, clientUrl: string): Promise<Library> {
  const statements: string[] = []
  const logger = (line: string): void => void statements.push(line.replace('[query] ', '').replace(/ \[took.*$/, ''))
  const config = defineConfig({ clientUrl, entities, debug: ['query', 'query-params'], colors: false, logger })
  const db = await createSqlAssist({ engines: { writer: { config, default: true }, reader: { config, readonly: true } } })
  t.teardown(async () => await db.dispose())
  await db.engine('writer').orm.schema.create()
  const session = db.session()
  t.teardown(async () => await session.close())
  return { reader: session.reader, writer: session.writer, statements }
}

async function fillAuthors(em: EntityManager): Promise<void> {
  em.clear()
  await em.insertMany(Author, ['Élodie', 'élodie', 'İpek', 'Strauß'].map((name, index) => ({ id: index + 1, name, email: `${index}` })))
}
