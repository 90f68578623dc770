// A column of every type: its property is declared as what the driver reads, and its row can be written.
import { createSqlAssist, UtilityObject } from 'fastify-sqlassist/orm'
import t from 'tap'
import { reflectModel } from '../../../../orm/models/reflection/model.ts'
import { application, type Config, legacyPostgres, legacySqlite, reflect, schemaDiff, type Teardown } from './fixtures/legacy.ts'

/** A value per type. */
const POSTGRES: Readonly<Record<string, string>> = {
  smallint: '1', integer: '2', bigint: '9007199254740993', numeric: '1.5', 'numeric(5,2)': '1.50', real: '1.5', 'double precision': '2.5', money: '$1.50', oid: '5', boolean: 'true',
  'char(3)': 'a', '"char"': 'c', varchar: 'v', 'varchar(9)': 'v', text: 't', name: 'n', bytea: String.raw`\x01`, uuid: '3f333df6-90a4-4fda-8dd3-9485d27cee36', xml: '<a/>',
  date: '2020-01-02', time: '12:00', timetz: '12:00+01', timestamp: '2020-01-02 03:04:05.678', timestamptz: '2020-01-02 03:04:05.678+00', 'timestamp(0)': '2020-01-02 03:04:05', interval: '1 day',
  json: '{"a":1}', jsonb: '{"a":1}', inet: '10.0.0.1', cidr: '10.0.0.0/8', macaddr: '08:00:2b:01:02:03', 'bit(3)': '101', varbit: '10', tsvector: 'a', jsonpath: '$.a', regclass: 'pg_class', pg_lsn: '0/0',
  point: '(1,2)', line: '{1,2,3}', lseg: '[(1,2),(3,4)]', box: '(1,2),(3,4)', path: '((1,2),(3,4))', polygon: '((1,2),(3,4))', circle: '<(1,2),3>',
  int4range: '[1,2)', tstzrange: '[2020-01-01,2021-01-01)', int4multirange: '{[1,2)}', mood: 'ok', comp: '(1,x)', short_text: 'x', small_number: '5',
  'smallint[]': '{1,2}', 'integer[]': '{1,2}', 'bigint[]': '{9007199254740993}', 'numeric[]': '{1.5}', 'real[]': '{1.5}', 'double precision[]': '{1.5}', 'oid[]': '{5}', 'boolean[]': '{t,f}',
  'text[]': '{a,"b c"}', 'varchar[]': '{a}', 'char(2)[]': '{a}', 'uuid[]': '{3f333df6-90a4-4fda-8dd3-9485d27cee36}', 'bytea[]': String.raw`{"\\x01"}`, 'money[]': '{$1.50}', 'inet[]': '{10.0.0.1}',
  'date[]': '{2020-01-02}', 'time[]': '{12:00}', 'timestamp[]': '{"2020-01-02 03:04:05"}', 'timestamptz[]': '{"2020-01-02 03:04:05+00"}', 'interval[]': '{"1 day"}',
  'json[]': String.raw`{"{\"a\": 1}"}`, 'jsonb[]': String.raw`{"{\"a\": 1}"}`, 'point[]': '{"(1,2)"}', 'int4range[]': '{"[1,2)"}', 'mood[]': '{ok}',
}

const TYPES = `create type mood as enum ('ok', 'bad'); create type comp as (a integer, b text); create domain short_text as text; create domain small_number as integer;`

const SQLITE: Readonly<Record<string, string>> = {
  integer: '1', int: '2', bigint: '3', smallint: '4', real: '1.5', double: '2.5', float: '1.5', numeric: '1.5', 'decimal(10,2)': '1.5', boolean: '1', text: 't', 'varchar(9)': 'v', 'char(3)': 'c', clob: 'c', blob: `x'01'`,
  date: '2020-01-02', datetime: '2020-01-02 03:04:05', timestamp: '2020-01-02 03:04:05', time: '12:00', json: '{"a":1}', uuid: '3f333df6-90a4-4fda-8dd3-9485d27cee36', money: '2.5', whatever: 'x', nvarchar: 'v',
}

function ddlOf(types: Readonly<Record<string, string>>, own: string): string {
  const columns = Object.keys(types).map((type, index) => `c${index} ${type}`)
  const values = Object.values(types).map((value) => (value.startsWith("x'") ? value : `'${value.replaceAll("'", "''")}'`))
  return `${own}
    create table zoo (id integer primary key, note text, ${columns.join(', ')});
    insert into zoo values (1, 'before', ${values.join(', ')});
    create view zoo_view as select * from zoo;`
}

/** What a value is, in TypeScript. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return `${kindOf(value[0])}[]`
  if (typeof value !== 'object' || value === null) return typeof value
  return value instanceof Date ? 'Date' : Buffer.isBuffer(value) ? 'Buffer' : 'object'
}

/** Whether a declaration holds for a value. */
const fits = (declared: string, value: unknown): boolean =>
  [kindOf(value), Array.isArray(value) ? 'unknown[]' : 'unknown'].includes(declared.replace(/^\('ok' \| 'bad'\)|^'ok' \| 'bad'/, 'string'))

async function declarations(config: Config, table: string): Promise<ReadonlyMap<string, string>> {
  await using stranger = await createSqlAssist({ engines: { legacy: { config: { ...config, discovery: { warnWhenNoEntities: false } } } } })
  const { model } = await reflectModel(stranger.engine('legacy'), {})
  return new Map(model.entities.find((entity) => entity.table === table)!.properties.map(({ name, type }) => [name, type]))
}

const DATABASES = {
  PostgreSQL: { types: POSTGRES, make: async (t: Teardown) => await legacyPostgres(t, ddlOf(POSTGRES, TYPES)) },
  SQLite: { types: SQLITE, make: async (t: Teardown) => await legacySqlite(t, ddlOf(SQLITE, '')) },
}

for (const [database, { types, make }] of Object.entries(DATABASES)) {
  t.test(database, async (t) => {
    const { config } = await make(t)
    const tables = await reflect(config, { base: UtilityObject })
    t.strictSame(tables.warnings, [])
    const sqlassist = await application(t, config, tables)
    t.equal(await schemaDiff(sqlassist), '')

    for (const table of ['zoo', 'zoo_view']) {
      const declared = await declarations(config, table)
      await using session = sqlassist.session()
      const [row] = await tables.get(table).getRange(session.get('legacy'))
      for (const [index, type] of Object.keys(types).entries()) {
        const [value, said] = [row![`c${index}`], declared.get(`c${index}`)!]
        t.ok(value !== null && value !== undefined && fits(said, value), `${type} of ${table} is declared as ${said}, and is a ${kindOf(value)}`)
      }
    }

    await using session = sqlassist.session()
    const em = session.get('legacy')
    const row = (await tables.get('zoo').getById(em, 1))!
    row['note'] = 'after'
    const uow = em.getUnitOfWork()
    uow.computeChangeSets()
    t.strictSame(uow.getChangeSets().map(({ payload }) => payload), [{ note: 'after' }], 'nothing else has changed')
    await em.flush()
    em.clear()
    t.equal((await tables.get('zoo').getById(em, 1))?.['note'], 'after', 'the row can be written')
  })
}

t.test('what is an object to read is text to write', async (t) => {
  const { config } = await legacyPostgres(t, 'create table place (id integer primary key, at point, area circle, stay interval)')
  const tables = await reflect(config, { base: UtilityObject })
  await using session = (await application(t, config, tables)).session()
  const em = session.get('legacy')
  em.create(tables.get('place'), { id: 1, at: '(1,2)', area: '<(1,2),3>', stay: '2 days' })
  await em.flush()
  em.clear()
  t.match(await tables.get('place').getById(em, 1), { at: { x: 1, y: 2 }, area: { x: 1, y: 2, radius: 3 }, stay: { days: 2 } })
})

t.test('dates that a SQLite database keeps as text', async (t) => {
  const { config, run } = await legacySqlite(
    t,
    `create table visit (id integer primary key, began datetime not null, ended datetime, ours datetime, never datetime, made datetime default current_timestamp, note text);
     insert into visit (id, began, ours, made) values (1, '2020-01-02 03:04:05', 1577934245000, null), (2, '2021-01-02 03:04:05', 1609556645000, null)`,
  )
  const tables = await reflect(config, { base: UtilityObject })
  await using session = (await application(t, config, tables)).session()
  const em = session.get('legacy')
  const Visit = tables.get('visit')
  t.strictSame((await Visit.getRange(em, { where: { began: { $gt: '2020-06-01' } } })).map((visit) => visit['id']), [2], 'are found by text')
  const visit = (await Visit.getById(em, 1))!
  t.equal(visit['ours']?.valueOf(), 1_577_934_245_000, 'while those of MikroORM are dates')
  Object.assign(visit, { note: 'changed', never: new Date(0) })
  await em.flush()
  await em.persist(em.create(Visit, { id: 3, began: '2022-01-01 00:00:00' })).flush()
  await run(`create table kinds as select id, typeof(began) as began, typeof(ours) as ours, typeof(made) as made from visit`)
  const kinds = await em.getConnection().execute<object[]>('select * from kinds order by id')
  t.strictSame(kinds.map((row: object) => Object.values(row) as unknown[]), [[1, 'text', 'integer', 'null'], [2, 'text', 'integer', 'null'], [3, 'text', 'null', 'text']], 'and stay what they are')
})
