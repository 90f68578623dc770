// Names that a database allows and MikroORM cannot read: what has one is left out with a warning, and everything else goes on working.
import { UtilityObject } from 'fastify-sqlassist/orm'
import t from 'tap'
import { application, legacyPostgres, legacySqlite, reflect, schemaDiff, type Teardown } from './fixtures/legacy.ts'

const DATABASES = {
  PostgreSQL: async (t: Teardown, ddl: string) => await legacyPostgres(t, ddl),
  SQLite: async (t: Teardown, ddl: string) => await legacySqlite(t, ddl),
}

for (const [database, make] of Object.entries(DATABASES)) {
  t.test(`names that MikroORM cannot read (${database})`, async (t) => {
    const { config } = await make(
      t,
      `create table plain (id integer primary key, name text);
       create table "who?" (id integer primary key);
       create table "toString" (id integer primary key);
       create table question (id integer primary key, "sure?" text);
       create table lines (id integer primary key, "two\nlines" text);
       create table answer (id integer primary key, question_id integer references question (id));
       create view "plain?" as select id from plain;
       create view numbers as select id as "1st" from plain;
       create view lower_case as select id, lower(name) as name from plain;
       insert into plain values (1, 'Ann');
       insert into answer values (1, null);`,
    )
    const tables = await reflect(config, { base: UtilityObject })
    t.strictSame(tables.classNames.toSorted(), ['Answer', 'LowerCase', 'Plain'])
    for (const name of ['table who?', 'table toString', 'view plain?']) t.ok(tables.warnings.includes(`${name} has a name that MikroORM cannot read: it is left out`), name)
    for (const [place, column] of Object.entries({ 'table question': 'sure?', 'table lines': 'two\nlines', 'view numbers': '1st' })) {
      t.ok(tables.warnings.includes(`${place} has a column '${column}', a name that MikroORM cannot read: it is left out`), place)
    }
    t.ok(tables.warnings.some((warning) => warning.startsWith('foreign key') && warning.includes('question is not reflected')))
    t.strictSame(['lines', 'question', 'who?'].filter((table) => !tables.schemaGenerator.skipTables.includes(table)), [], 'schema commands leave them alone')
    await using session = (await application(t, config, tables)).session()
    const em = session.get('legacy')
    t.match(await tables.get('lower_case').getRange(em, { where: { name: 'ann' } }), [{ id: 1, name: 'ann' }])
    t.match(await tables.get('answer').getById(em, 1), { questionId: null })
  })

  t.test(`a table whose name starts with a digit is read, and no relation leads to it (${database})`, async (t) => {
    const { config } = await make(
      t,
      `create table "2024_sales" (id integer primary key, total integer); create table item (id integer primary key, sale_id integer references "2024_sales" (id));
       create table shop (id integer primary key); create table shop_sale (shop_id integer references shop (id), sale_id integer references "2024_sales" (id), primary key (shop_id, sale_id));
       insert into "2024_sales" values (1, 5); insert into item values (1, 1); insert into shop values (1); insert into shop_sale values (1, 1);`,
    )
    const tables = await reflect(config, { base: UtilityObject })
    t.equal(tables.warnings.filter((warning) => /^foreign key .* a table whose name starts with a digit, .*2024_sales; its columns stay plain$/.test(warning)).length, 2, tables.warnings.join())
    await using session = (await application(t, config, tables)).session()
    const em = session.get('legacy')
    t.match(await tables.get('2024_sales').getById(em, 1), { total: 5 })
    t.match(await tables.get('item').getRange(em), [{ saleId: 1 }])
    t.match(await em.find(tables.get('shop_sale'), {}, { populate: ['shop'] as never }), [{ saleId: 1, shop: { id: 1 } }])
  })

  t.test(`names that mean something to MikroORM or JavaScript (${database})`, async (t) => {
    const names = [
      'json', 'jsonb', 'uint8_array', 'buffer', 'blob', 'date', 'datetime', 'time', 'timestamp', 'interval', 'array', 'string', 'text', 'character', 'number', 'integer', 'bigint', 'float', 'double',
      'decimal', 'numeric', 'money', 'boolean', 'uuid', 'enum', 'point', 'tsvector', 'object', 'collection', 'reference', 'entity', 'class', 'then', 'symbol', 'undefined', 'raw',
    ]
    const { config } = await make(
      t,
      names.map((name, index) => `create table "${name}" (id integer primary key, "date" text, "then" text, "await" text, self_id integer references "${name}" (id)); insert into "${name}" (id, self_id) values (${index}, ${index});`).join('\n'),
    )
    const tables = await reflect(config, { base: UtilityObject })
    t.strictSame(tables.warnings, [])
    const sqlassist = await application(t, config, tables)
    t.equal(await schemaDiff(sqlassist), '')
    await using session = sqlassist.session()
    const em = session.get('legacy')
    for (const [index, name] of names.entries()) {
      const row = await em.findOneOrFail(tables.get(name), { self: { id: index } }, { populate: ['self'] as never })
      row['await'] = 'x'
      await em.flush()
      t.match(await tables.get(name).getById(em.fork(), index), { id: index, await: 'x', self: { id: index } }, name)
    }
  })
}

t.test('what only PostgreSQL is read with', async (t) => {
  const { config } = await legacyPostgres(
    t,
    `create table odd ("it's" integer primary key); create table "*" (id integer primary key); create table star (id integer primary key, "*" text); create table plain (id integer primary key)`,
  )
  const tables = await reflect(config)
  t.strictSame(tables.warnings.toSorted(), [
    'table * has a name that MikroORM cannot read: it is left out',
    'table odd has a primary key that MikroORM cannot read: it is left out',
    "table star has a column '*', a name that MikroORM cannot read: it is left out",
  ])
  t.equal(await schemaDiff(await application(t, config, tables)), '')
})
