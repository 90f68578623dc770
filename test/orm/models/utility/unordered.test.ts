// Columns that no order can be made of, and those that no cursor can hold: refused before the database would, and on the first page.
import { UtilityObject } from 'fastify-sqlassist/orm'
import t from 'tap'
import { application, legacyPostgres, reflect } from '../reflection/fixtures/legacy.ts'

const WITHOUT_ORDER = ['xml', 'json', 'jsonpath', 'xid', 'point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'json[]', 'point[]']
const WITHOUT_CURSOR = ['jsonb', 'text[]', 'int4range', 'inet', 'interval', 'money', 'bit(3)', 'tsvector']
const WITH_BOTH = ['smallint', 'bigint', 'numeric', 'double precision', 'boolean', 'char(3)', 'text', 'bytea', 'uuid', 'date', 'time', 'timestamptz(3)']

t.test('columns of PostgreSQL', async (t) => {
  const types = [...WITHOUT_ORDER, ...WITHOUT_CURSOR, ...WITH_BOTH]
  const { config } = await legacyPostgres(t, `create table zoo (id integer primary key, ${types.map((type, index) => `c${index} ${type}`).join(', ')}); insert into zoo (id) values (1), (2)`)
  const tables = await reflect(config, { base: UtilityObject })
  await using session = (await application(t, config, tables)).session()
  const em = session.get('legacy')
  const Zoo = tables.get('zoo')
  for (const [index, type] of types.entries()) {
    const orderCol = `c${index}`
    const unsuitable = { code: 'SQLASSIST_COLUMN_UNSUITABLE', statusCode: 400 }
    if (WITHOUT_ORDER.includes(type)) await t.rejects(Zoo.getRange(em, { orderCol }), { ...unsuitable, message: /has no order/ }, type)
    else t.equal((await Zoo.getRange(em, { orderCol, orderCaseSensitive: false })).length, 2, type)
    if (!WITH_BOTH.includes(type)) {
      await t.rejects(Zoo.getPage(em, { orderCol, first: 1 }), unsuitable, `pages by ${type}`)
      continue
    }
    const page = await Zoo.getPage(em, { orderCol, first: 1 })
    t.match(await Zoo.getPage(em, { orderCol, first: 1, after: page.endCursor! }), { items: [{ id: 2 }], hasNext: false }, `pages by ${type}`)
  }
})
