// Whose names are used: the convention's, the user's patterns, or MikroORM's.
import { type Connection, DatabaseDriver, defineEntity, EntityCaseNamingStrategy, MikroORM, type Options, p } from '@mikro-orm/core'
import { defineConfig as postgres } from '@mikro-orm/postgresql'
import { createSqlAssist, DeclaredTable, NAMING_CONVENTION, sqlAssistConfig } from 'fastify-sqlassist/orm'
import t from 'tap'
import { databases, diffOf, engineOn, lines, onPostgres, onSqlite } from './databases.ts'

// Many databases are made and dropped.
t.setTimeout(120_000)

const Author = defineEntity({ name: 'Author', tableName: 'authors', properties: { id: p.integer().primary(), email: p.string().unique() } })
const Book = defineEntity({
  name: 'Book',
  tableName: 'books',
  checks: [{ name: 'long_enough', expression: 'pages > 1' }],
  indexes: [{ properties: ['title', 'pages'] as never }],
  properties: { id: p.integer().primary(), title: p.string(), pages: p.integer(), author: () => p.manyToOne(Author), kind: p.enum(['novel', 'poems']) },
})
const entities = [Author, Book]

t.test('NAMING_CONVENTION is a frozen table', async (t) => {
  t.strictSame(NAMING_CONVENTION, { ix: 'ix_{table}_{column0}', uq: 'uq_{table}_{column0}', ck: 'ck_{table}_{name}', fk: 'fk_{table}_{column0}_{referredTable}', pk: 'pk_{table}' })
  t.ok(Object.isFrozen(NAMING_CONVENTION))
})

for (const make of databases) {
  t.test(`patterns of the user's (${make.name})`, async (t) => {
    const database = await make(t)
    const namingConvention = { ix: '{table}_{columns}_idx', ck: '{name}-of-{table}', fk: '{schema}_{table}_to_{referredTable}', uq: '{table}$uq' }
    const orm = await engineOn(t, database, { entities }, { namingConvention })
    await orm.schema.create()
    const names = lines(await database.names())
    for (const name of ['uq authors: authors$uq', 'ix books: books_title_pages_idx', 'fk books: public_books_to_authors', 'ck books: long_enough-of-books']) t.ok(names.includes(name), name)
    t.equal(await diffOf(orm), '')
  })

  t.test(`false: MikroORM's names (${make.name})`, async (t) => {
    const database = await make(t)
    const orm = await engineOn(t, database, { entities }, { namingConvention: false })
    await orm.schema.create()
    const names = lines(await database.names())
    for (const name of ['uq authors: authors_email_unique', 'ix books: books_title_pages_index', 'fk books: books_author_id_foreign', 'ck books: long_enough']) t.ok(names.includes(name), name)
    t.equal(await diffOf(orm), '')
  })

  t.test(`a naming strategy of the user's names everything, and with a convention beside it tables and columns (${make.name})`, async (t) => {
    const Pen = defineEntity({ name: 'Pen', properties: { id: p.integer().primary(), inkColour: p.string().unique() } })
    const alone = await make(t)
    await (await engineOn(t, alone, { entities: [Pen], namingStrategy: EntityCaseNamingStrategy })).schema.create()
    t.ok(lines(await alone.names()).includes('uq Pen: Pen_inkColour_unique'))
    const both = await make(t)
    const orm = await engineOn(t, both, { entities: [Pen], namingStrategy: EntityCaseNamingStrategy }, { namingConvention: { ...NAMING_CONVENTION } })
    await orm.schema.create()
    t.ok(lines(await both.names()).includes('uq Pen: uq_Pen_inkColour'))
    t.equal(await diffOf(orm), '')
  })

  t.test(`engines on the same entities keep their names apart, and engines that agree share them (${make.name})`, async (t) => {
    const [first, second] = [await make(t), await make(t)]
    const app = await createSqlAssist({
      engines: {
        writer: { config: first.config({ entities }) },
        other: { config: second.config({ entities }), namingConvention: { ix: 'index_{table}_{columns}', ck: 'check_{table}_{name}' } },
        plain: { config: second.config({ entities }), namingConvention: false, readonly: true },
        reader: { config: first.config({ entities }), readonly: true },
      },
    })
    t.teardown(async () => await app.dispose())
    await app.engine('writer').orm.schema.create()
    await app.engine('other').orm.schema.create()
    t.equal(app.engine('reader').orm.getMetadata(), app.engine('writer').orm.getMetadata(), 'reader and writer share their metadata')
    t.equal(await diffOf(app.engine('reader').orm), '')
    t.equal(await diffOf(app.engine('writer').orm), '')
    t.equal(await diffOf(app.engine('other').orm), '')
    t.not(await diffOf(app.engine('plain').orm), '')
    t.ok(lines(await second.names()).includes('ck books: check_books_long_enough'))
  })

  t.test(`entities discovered at first use, and later ones (${make.name})`, async (t) => {
    const database = await make(t)
    const app = await createSqlAssist({ engines: { writer: { config: database.config({ entities }) } }, discovery: 'deferred' })
    t.teardown(async () => await app.dispose())
    const { orm } = app.engine('writer')
    const Review = defineEntity({ name: 'Review', tableName: 'reviews', properties: { id: p.integer().primary(), book: () => p.manyToOne(Book), stars: p.integer().index() } })
    orm.discoverEntity(Review)
    await orm.schema.create()
    const names = lines(await database.names())
    for (const name of ['fk books: fk_books_author_id_authors', 'fk reviews: fk_reviews_book_id_books', 'ix reviews: ix_reviews_stars']) t.ok(names.includes(name), name)
    t.equal(await diffOf(orm), '')
  })

  t.test(`sqlAssistConfig() takes the same patterns, and leaves the user's hook its turn (${make.name})`, async (t) => {
    const database = await make(t)
    const seen: string[] = []
    const afterDiscovered = async (): Promise<void> => {
      await Promise.resolve()
      seen.push('afterDiscovered')
    }
    const orm = await MikroORM.init(sqlAssistConfig('writer', database.config({ entities, discovery: { afterDiscovered } }), { namingConvention: { uq: 'unique_{table}_{columns}' } }) as never)
    t.teardown(async () => await orm.close())
    await orm.schema.create()
    t.strictSame(seen, ['afterDiscovered'])
    t.ok(lines(await database.names()).includes('uq authors: unique_authors_email'))
    t.equal(await diffOf(orm), '')
  })

  t.test(`check names of a database that was there first stay exact (${make.name})`, async (t) => {
    class Legacy extends DeclaredTable {
      static override readonly checkNames = 'exact'
      id!: number
      age!: number
    }
    const schema = defineEntity({ class: Legacy, tableName: 'legacy', checks: [{ name: 'age_is_positive', expression: 'age > 0' }], properties: { id: p.integer().primary(), age: p.integer() } })
    const database = await make(t)
    const orm = await engineOn(t, database, { entities: [schema] })
    await orm.schema.create()
    t.ok(lines(await database.names()).includes('ck legacy: age_is_positive'))
    t.equal(await diffOf(orm), '')
  })

}

t.test('the option schema counts as the schema of every table', async (t) => {
  const database = await onPostgres(t)
  const orm = await engineOn(t, database, { entities, schema: 'library' }, { namingConvention: { uq: 'uq_{schema}_{table}_{columns}' } })
  await orm.schema.create()
  t.ok(lines(await database.names()).includes('uq library.authors: uq_library_authors_email'))
  t.equal(await diffOf(orm), '')
})

t.test('wrong patterns are refused at registration', async (t) => {
  const wrong: [namingConvention: unknown, problem: RegExp][] = [
    [true, /engines.writer.namingConvention' must be an object of patterns/],
    [null, /must be an object/],
    [[], /must be an object/],
    [{ index: 'ix_{table}' }, /namingConvention.index' is unknown; known are ix, uq, ck, fk, pk/],
    [{ __proto__: null, [Symbol('ix')]: 'ix_{table}' }, /Symbol\(ix\)' is unknown/],
    [{ ix: 7 }, /namingConvention.ix' must be a pattern such as 'ix_\{table\}_\{column0\}', not a number/],
    [{ ix: null }, /not null/],
    [{ ix: 'ix_{column0}' }, /namingConvention.ix' lacks \{table\}/],
    [{ ck: 'ck_{table}' }, /namingConvention.ck' lacks \{name\}/],
    [{ ix: 'ix_{table}_{colum0}' }, /unknown placeholder \{colum0\}; known are \{table\}, \{schema\}, \{column0\}, \{columns\}/],
    [{ ix: 'ix_{table}_{referredTable}' }, /unknown placeholder \{referredTable\}/],
    [{ ix: 'ix_{table' }, /lacks \{table\}/],
    [{ ix: 'ix.{table}' }, /may hold letters, digits/],
    [{ ix: 'ix_{table}_{column0}}' }, /may hold letters, digits/],
  ]
  for (const [namingConvention, problem] of wrong) {
    const database = await onSqlite(t)
    await t.rejects(engineOn(t, database, { entities }, { namingConvention: namingConvention as never }), { code: 'SQLASSIST_INVALID_OPTIONS', message: problem })
  }
  t.throws(() => sqlAssistConfig('writer', postgres({ entities }), { namingConvention: { pk: 'key' } }), { code: 'SQLASSIST_INVALID_OPTIONS' })
  const database = await onSqlite(t)
  const orm = await engineOn(t, database, { entities }, { namingConvention: { ix: undefined } as never })
  await orm.schema.create()
  t.ok(lines(await database.names()).includes('ix books: ix_books_title'), 'an undefined pattern is one that is not given')
  const given = createSqlAssist({ engines: { writer: { orm, namingConvention: false } } })
  await t.rejects(given, { code: 'SQLASSIST_INVALID_OPTIONS', message: /sqlAssistConfig\('writer', options, \{ namingConvention \}\)/ })
})

t.test('primary keys cannot be named by schema where two schemas have a table of one name', async (t) => {
  const tables = ['sales', 'buying'].map((schema) => defineEntity({ name: `Bill in ${schema}`, tableName: 'bills', schema, properties: { id: p.integer().primary() } }))
  const pk = 'pk_{schema}_{table}'
  await t.rejects(engineOn(t, await onPostgres(t), { entities: tables }, { namingConvention: { pk } }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /tables named 'bills'/ })
  const database = await onPostgres(t)
  const orm = await engineOn(t, database, { entities: tables.slice(0, 1) }, { namingConvention: { pk } })
  await orm.schema.create()
  t.strictSame(lines(await database.names()), ['pk sales.bills: pk_sales_bills'])
})

t.test('a database without constraints keeps its naming strategy', async (t) => {
  // @ts-expect-error -- what a driver must be able to do is not needed here
  class DocumentDriver extends DatabaseDriver<Connection> {}
  const { namingStrategy } = sqlAssistConfig<Partial<Options>>('documents', { driver: DocumentDriver as never, entities: [] })
  t.equal(namingStrategy, undefined)
})

const LONG = 'a_table_name_that_is_just_a_little_longer_than_a_name_can_ever_be'

for (const make of databases) {
  t.test(`table names that PostgreSQL would cut off are refused (${make.name})`, async (t) => {
    const refused = { code: 'SQLASSIST_TABLE_NAME_TOO_LONG', name: 'TableNameTooLongError' }
    const Wordy = defineEntity({ name: 'Wordy', tableName: LONG, properties: { id: p.integer().primary() } })
    await t.rejects(engineOn(t, await make(t), { entities: [Wordy] }), { ...refused, message: new RegExp(`'${LONG}' of Wordy has a name of ${LONG.length} bytes`) })
    const Reader = defineEntity({ name: 'Reader', tableName: 'readers', properties: { id: p.integer().primary(), favourites: () => p.manyToMany(Author).owner().pivotTable(LONG) } })
    await t.rejects(engineOn(t, await make(t), { entities: [Reader, Author] }), { ...refused, message: /of Reader.favourites has/ })
    const Bytes = defineEntity({ name: 'Bytes', tableName: 'ü'.repeat(32), properties: { id: p.integer().primary() } })
    await t.rejects(engineOn(t, await make(t), { entities: [Bytes] }), { ...refused, message: /64 bytes/ })
    const Fits = defineEntity({ name: 'Fits', tableName: `${'ü'.repeat(31)}x`, properties: { id: p.integer().primary(), size: p.integer().index() } })
    const orm = await engineOn(t, await make(t), { entities: [Fits] })
    await orm.schema.create()
    t.equal(await diffOf(orm), '', '63 bytes are not too many')
    const plain = engineOn(t, await make(t), { entities: [Wordy] }, { namingConvention: false })
    if (make === onPostgres) await t.rejects(plain, refused, 'by any convention')
    else await t.resolves(plain, 'SQLite could live with it')
  })
}
