// A database that nobody planned. What of it can be said in the words of MikroORM is said; what cannot is left alone, with a warning.
import { asSuperuser, postgresDatabase } from '../../../support/databases.ts'
import { defineConfig } from '@mikro-orm/postgresql'
import { createSqlAssist, reflectTables } from 'fastify-sqlassist/orm'
import t from 'tap'
import { application, constraintsOf, legacyPostgres, legacySqlite, reflect, schemaDiff } from './fixtures/legacy.ts'
import { workshop } from './fixtures/workshop.ts'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part)))

t.test('a database with everything that the samples leave out', async (t) => {
  const clientUrl = await postgresDatabase(t)
  await asSuperuser(clientUrl, workshop)
  const config = defineConfig({ clientUrl })
  const tables = await reflect(config)
  const sqlassist = await application(t, config, tables)
  t.equal(await schemaDiff(sqlassist), '')

  t.strictSame(tables.warnings.toSorted(), [
    "table dotted has a column 'a.b', a name that MikroORM cannot read: it is left out",
    'table log_line has no primary key: it is left out',
    "table member has a column 'constructor', a name that MikroORM cannot read: it is left out",
    "table place has a column '1st', a name that MikroORM cannot read: it is left out",
  ])
  t.strictSame(tables.schemaGenerator.skipTables.toSorted(), ['dotted', 'log_line', 'member', 'place'], 'which schema commands leave alone')
  t.strictSame(tables.schemaGenerator.skipViews, ['bosses'])
  t.strictSame(tables.classNames.toSorted(), ['Badge', 'Bosses', 'Employee', 'Loan', 'Locker', 'OldStuffTool', 'PropertyTable', 'Tenant', 'Tool', 'ToolFriend', 'UglyTable'])

  await t.test('can be read', async (t) => {
    await using session = sqlassist.session()
    const em = session.get('legacy')
    const Employee = tables.get('employee')
    const [ada, bob] = await em.find(Employee, {}, { orderBy: { nr: 'asc' }, populate: ['boss', 'tenant'] as never })
    t.match(plain(ada), {
      tenant: { code: 'acme' }, boss: null, grade: 'junior', grades: ['senior'], rate: '1.500', big: '9007199254740993', tags: ['a', 'b c'], scores: [1, 2], flags: [true, false],
      weights: [1.5], extra: { a: 1 }, state: 'new', fullName: 'Ada (1)', price: '$1.50', straße: null, columnsAsObjectColumn: null, toJson: null, class: null,
    })
    t.type(ada!['big'], 'bigint')
    t.equal((bob!['boss'] as { unwrap(): unknown }).unwrap(), ada, 'a self reference through a key of two columns')

    t.match(plain(await em.find(tables.get('badge'), {}, { populate: ['employee', 'tenant'] as never })), [{ employee: { name: 'Bob' }, tenant: { code: 'acme' }, color: 'red' }], 'a reference to a unique column')
    t.match(plain(await em.find(tables.get('locker'), {}, { populate: ['badge'] as never })), [{ badge: { color: 'red' }, door: 7 }], 'a key that is a reference')
    t.match(plain(await em.find(tables.get('loan'), {}, { populate: ['employee', 'tool'] as never })), [{ employee: { name: 'Bob' }, tool: { name: 'saw' }, until: '2030-01-01' }])
    t.match(
      plain(await em.find(tables.get('Tool'), {}, { orderBy: { id: 'asc' }, populate: ['friends', 'friendsInverse', 'partOf'] as never })),
      [{ name: 'saw', friends: [{ name: 'blade' }] }, { name: 'blade', partOf: { name: 'saw' }, friendsInverse: [{ name: 'saw' }] }],
      'many to many with itself',
    )
    t.match(plain(await em.find(tables.get('bosses'), {})), [{ nr: 1, name: 'Ada' }], 'a view of another schema')
  })

  await t.test('and written', async (t) => {
    await using session = sqlassist.session()
    const em = session.get('legacy')
    const bob = await em.findOneOrFail(tables.get('employee'), { nr: 2 })
    Object.assign(bob, { tags: ['x,y'], scores: [3], flags: [true, false], grade: 'senior', grades: ['junior', `it's "complicated"`], big: 5n, boss: null, extra: { b: [1] } })
    await em.flush()
    em.clear()
    const saved = await em.findOneOrFail(tables.get('employee'), { nr: 2 }, { populate: ['tenant'] as never })
    t.match(plain(saved), { tags: ['x,y'], scores: [3], flags: [true, false], grade: 'senior', grades: ['junior', `it's "complicated"`], big: '5', boss: null, extra: { b: [1] }, tenant: { code: 'acme' } })
  })

  await t.test('and made again elsewhere, with every constraint and index', async (t) => {
    const copyUrl = await postgresDatabase(t)
    const copy = await application(t, defineConfig({ clientUrl: copyUrl }), tables)
    await copy.engine('legacy').orm.schema.create()
    const [original, made] = [await constraintsOf(clientUrl), await constraintsOf(copyUrl)]
    const reflected = original.filter((line) => !/^public\.(?:dotted|member|place): /.test(line))
    t.ok(reflected.length > 40, `${reflected.length} were compared`)
    t.strictSame(made, reflected)
  })
})

t.test('only some schemas and tables', async (t) => {
  const { config } = await legacyPostgres(t, workshop)
  const old = await reflect(config, { schemas: ['Old Stuff'] })
  t.strictSame(old.classNames.toSorted(), ['Tool', 'UglyTable'])
  t.match(old.warnings, [/tool_tool_id_fkey of Old Stuff\.tool: public\.tool is not reflected/])
  t.strictSame(old.schemaGenerator.ignoreSchema.toSorted(), ['hr', 'public'])
  t.strictSame((await reflect(config, { take: ['TENANT', /^tool/g] })).classNames.toSorted(), ['OldStuffTool', 'Tenant', 'Tool', 'ToolFriend'], 'a pattern is asked afresh for each name')

  const some = await reflect(config, { schemas: ['public', 'hr'], skip: [/^tool/, 'loan', 'bosses'] })
  t.strictSame(some.classNames.toSorted(), ['Badge', 'Employee', 'Locker', 'PropertyTable', 'Tenant'])
  t.strictSame(some.schemaGenerator.skipViews, ['bosses'])
  t.ok(['tool', 'tool_friend', 'loan'].every((table) => some.schemaGenerator.skipTables.includes(table)))
  t.equal(await schemaDiff(await application(t, config, some)), '', 'what was left out is left alone')

  const alone = await reflect(config, { take: ['loan'] })
  t.match(alone.warnings, [/^foreign key loan_tenant_id_nr_fkey of loan: hr\.employee is not reflected; its columns stay plain/, /loan_tool_id_fkey/])
  t.ok(await schemaDiff(await application(t, config, { ...alone, schemaGenerator: alone.schemaGenerator })).then((diff) => /drop constraint/.test(diff)), 'which MikroORM takes for a difference')
})

t.test('foreign keys that are no relations', async (t) => {
  const { config } = await legacyPostgres(
    t,
    `create table region (id integer primary key, a integer not null, b integer not null, unique (b, a));
     create table twin (id integer primary key references region);
     create table place (id integer primary key, a integer, b integer, constraint two_columns foreign key (b, a) references region (b, a));
     create table double (id integer primary key, to_id integer references region, constraint again foreign key (to_id) references twin)`,
  )
  const tables = await reflect(config)
  t.strictSame(tables.warnings.toSorted(), [
    'foreign key double_to_id_fkey of double: its column has another foreign key; its columns stay plain',
    'foreign key two_columns of place: it refers to several columns of public.region that are not its primary key, in their order; its columns stay plain',
  ])
  await using session = (await application(t, config, tables)).session()
  t.strictSame(await session.get('legacy').find(tables.get('place'), {}), [])
})

t.test('relations that share columns', async (t) => {
  const { config, run } = await legacyPostgres(
    t,
    `create table house (id integer primary key);
     create table room (house_id integer references house, nr integer, primary key (house_id, nr));
     create table door (house_id integer not null, from_nr integer not null, to_nr integer, id integer primary key, spare_nr integer,
       foreign key (house_id, from_nr) references room, foreign key (house_id, to_nr) references room, foreign key (house_id) references house,
       constraint elsewhere foreign key (spare_nr) references house);
     create table lamp (house_id integer, nr integer, watts integer default 60, color text not null, primary key (house_id, nr), foreign key (house_id, nr) references room);
     create table lamp_log (house_id integer, nr integer, at date, primary key (house_id, nr, at), foreign key (house_id, nr) references lamp (house_id, nr));
     create index desc_room on door (house_id desc, from_nr);
     create index two on door (spare_nr, id);
     create index covering on door (id) include (to_nr);
     insert into house values (1); insert into room values (1, 1), (1, 2); insert into door values (1, 1, 2, 1, 1); insert into lamp (house_id, nr, color) values (1, 2, 'red')`,
  )
  const tables = await reflect(config)
  t.strictSame(tables.warnings, [])
  const sqlassist = await application(t, config, tables)
  t.equal(await schemaDiff(sqlassist), '')
  await using session = sqlassist.session()
  const em = session.get('legacy')
  const door = await em.findOneOrFail(tables.get('door'), 1)
  t.match(plain(door), { house: 1, from: { house: 1, nr: 1 }, to: { house: 1, nr: 2 }, spareNr: 1 })
  door['to'] = null
  await em.flush()
  await run('do $$ begin assert (select house_id = 1 and to_nr is null from door); end $$')
  const lamp = await em.findOneOrFail(tables.get('lamp'), { watts: 60 }, { populate: ['room'] as never })
  t.match(plain(lamp), { room: { nr: 2 }, watts: 60, color: 'red' })
})

t.test('what SQLite leaves open', async (t) => {
  const { config } = await legacySqlite(
    t,
    `create table owner (id integer primary key, name text collate nocase, "flag" boolean not null default true, doc json default '{}', size double default 1.5, price money, picture varbinary, any_thing whatever);
     create unique index owner_lower on owner (lower(name));
     create unique index owner_flagged on owner (name) where flag;
     create table pet (id integer primary key autoincrement, owner_id integer not null references owner (id) on delete cascade, kind text check (kind in ('cat', 'dog')), double_id integer generated always as (id * 2) stored);
     create table stray (id text not null primary key, owner_id integer references owner) without rowid;
     insert into owner (id, name, price, picture, any_thing) values (1, 'Ann', 2.5, x'01', 'x'); insert into pet (owner_id, kind) values (1, 'cat')`,
  )
  const tables = await reflect(config)
  t.match(tables.warnings, [/stray: it does not say which columns of owner it refers to; its columns stay plain/])
  const sqlassist = await application(t, config, tables)
  await using session = sqlassist.session()
  const em = session.get('legacy')
  t.match(plain(await em.find(tables.get('pet'), {}, { populate: ['owner'] as never })), [{ kind: 'cat', doubleId: 2, owner: { name: 'Ann', flag: true, doc: {}, size: 1.5, price: 2.5, anyThing: 'x' } }])
  const diff = await schemaDiff(sqlassist)
  t.notMatch(diff, /owner_lower|owner_flagged|`pet`|`owner__/, 'indexes, checks and types are as they were')
})

t.test('what MikroORM misreads is said', async (t) => {
  const { config } = await legacyPostgres(t, 'create table mix (id integer primary key, share real, constraint whole check (share <= 1))')
  t.match((await reflect(config)).warnings, [/^check whole of mix: MikroORM misreads CHECK \(\(share <= \(1\)::double precision\)\)/])
})

t.test('wrong calls', async (t) => {
  const { config } = await legacySqlite(t, 'create table one (id integer primary key)')
  await using sqlassist = await createSqlAssist({ engines: { legacy: { config: { ...config, discovery: { warnWhenNoEntities: false } } } } })
  const legacy = sqlassist.engine('legacy')
  for (const [option, value] of Object.entries({ schemas: 'public', take: 'one', skip: [1], base: 'UtilityObject', tables: [] })) {
    await t.rejects(reflectTables(legacy, { [option]: value }), { code: 'SQLASSIST_INVALID_OPTIONS', message: new RegExp(`reflectTables\\.${option}`) })
  }
  await t.rejects(reflectTables(legacy, null as never), { code: 'SQLASSIST_INVALID_OPTIONS' })
  const tables = await reflectTables(legacy)
  t.throws(() => tables.get('two'), { code: 'SQLASSIST_TABLE_UNKNOWN', message: /one/ })
  await t.rejects(reflectTables({ name: 'strange', orm: { config: {}, driver: {} } as never }), { code: 'SQLASSIST_DRIVER_UNSUPPORTED' })
})
