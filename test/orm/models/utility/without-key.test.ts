// A view has no key: what needs one is refused, and what needs none works.
import { UtilityObject } from 'fastify-sqlassist/orm'
import t from 'tap'
import { application, legacyPostgres, legacySqlite, reflect } from '../reflection/fixtures/legacy.ts'

const DDL = `create table people (id integer primary key, name text not null);
  insert into people (id, name) values (1, 'Ann'), (2, 'Bob'), (3, 'bob');
  create view names as select name, count(*) as times from people group by name;`

const names = (rows: readonly Record<string, unknown>[]): string[] => rows.map(({ name }) => String(name))

for (const make of [legacyPostgres, legacySqlite]) {
  t.test(`the helpers on a view (${make.name})`, async (t) => {
    const { config } = await make(t, DDL)
    const tables = await reflect(config, { base: UtilityObject })
    await using session = (await application(t, config, tables)).session()
    const em = session.get('legacy')
    const Names = tables.get('names')
    const refused = { code: 'SQLASSIST_ARGUMENT_INVALID', message: /must have a primary key, which Names has not: use getRange\(\)/ }
    await t.rejects(Names.getById(em, 1), refused)
    await t.rejects(Names.getByIds(em, [1]), refused)
    await t.rejects(Names.getPage(em, { orderCol: 'name' as never }), refused, 'rows that are equal in the order would be lost between two pages')
    await t.rejects(Names.getById(em, 'Ann' as never, 'name' as never), { code: 'SQLASSIST_COLUMN_UNSUITABLE', message: /getRange/ })

    t.strictSame(names(await Names.getByColumnLower(em, 'name' as never, 'BOB', { allowMany: true })).toSorted(), ['Bob', 'bob'])
    t.strictSame(names(await Names.getByColumnSimilar(em, 'name', 'A')), ['Ann'])
    t.equal((await Names.getByColumnExactThenIlike(em, 'name', 'bob'))?.['name'], 'bob')
    t.strictSame(names(await Names.getRange(em, { orderCol: 'name' as never, orderCaseSensitive: false, limit: 1 })), ['Ann'])
    const [ann] = await Names.getRange(em, { where: { name: 'Ann' } as never })
    t.strictSame(Object.keys(await ann!.columnsAsObject()), ['name', 'times'])
  })
}
