// A model that changes: the name of one index may pass to another, and the database follows.
import { defineEntity, p } from '@mikro-orm/core'
import t from 'tap'
import { databases, diffOf, engineOn, lines } from './databases.ts'

// Many databases are made and dropped.
t.setTimeout(120_000)

const person = (constraints: object): object =>
  defineEntity({ name: 'Person', tableName: 'people', properties: { id: p.integer().primary(), name: p.string(), email: p.string() }, ...constraints } as never)

const both = { properties: ['name', 'email'] }
const one = { properties: ['name'] }

const steps: Readonly<Record<string, readonly [before: object, after: object, names: readonly string[]]>> = {
  'an index comes that has the plain name': [{ indexes: [both] }, { indexes: [both, one] }, ['ix people: ix_people_name', 'ix people: ix_people_name_email']],
  'an index goes, and its name passes to another': [{ indexes: [both, one] }, { indexes: [both] }, ['ix people: ix_people_name']],
  'a unique constraint comes that has the plain name': [{ uniques: [both] }, { uniques: [both, one] }, ['uq people: uq_people_name', 'uq people: uq_people_name_email']],
  'a unique constraint goes, and its name passes to another': [{ uniques: [both, one] }, { uniques: [both] }, ['uq people: uq_people_name']],
  'a unique constraint becomes an index': [{ uniques: [one] }, { indexes: [one] }, ['ix people: ix_people_name']],
  'a check comes before another': [
    { checks: [{ expression: `name <> ''` }] },
    { checks: [{ expression: `name <> 'x'` }, { expression: `name <> ''` }] },
    ['ck people: ck_people_check', 'ck people: ck_people_check_6f9f77b7'],
  ],
}

for (const make of databases) {
  for (const [title, [before, after, names]] of Object.entries(steps)) {
    t.test(`${title} (${make.name})`, async (t) => {
      const database = await make(t)
      await (await engineOn(t, database, { entities: [person(before)] as never })).schema.create()
      const orm = await engineOn(t, database, { entities: [person(after)] as never })
      t.not(await diffOf(orm), '')
      await orm.schema.update()
      t.strictSame(lines(await database.names()).filter((name) => !name.startsWith('pk ')), names)
      t.equal(await diffOf(orm), '')
    })
  }
}
