// Ids that a database takes for equal though they look different: getByIds() finds what getById() finds.
import { defineEntity, type EntitySchema, p } from '@mikro-orm/core'
import { UtilityObject } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { type Application, application, DATABASES } from './support/databases.ts'

class Item extends UtilityObject {
  id!: number
  code?: string | null
  price?: string | null
  time?: string | null
  name?: string | null
  number?: bigint | null
}

const schemaOf = (collation: string): EntitySchema<Item> =>
  defineEntity({
    class: Item,
    tableName: 'items',
    properties: {
      id: p.integer().primary(),
      code: p.character().length(5).nullable().unique(),
      price: p.decimal().precision(12).scale(4).nullable().unique(),
      time: p.time().nullable().unique(),
      name: p.string().nullable().unique().collation(collation),
      number: p.bigint().nullable().unique(),
    },
  })

const ROWS = [
  { id: 1, code: 'ab', price: '10.5000', time: '12:34:00', name: 'Ann', number: 12n },
  { id: 2, code: 'cd', price: '100', time: '12:34:00.5', name: 'Bob', number: -3n },
]

const LOOKS: Readonly<Partial<Record<keyof Item, readonly unknown[]>>> = {
  code: ['ab', 'ab   '],
  price: ['10.5', '010.5', '10.50000', '10.5000', 10.5],
  time: ['12:34', '12:34:00', '12:34:00.000'],
  number: ['12', 12n, 12, '0012'],
}

async function sameAsOneByOne(t: Test, { reader }: Application, column: keyof Item, ids: readonly unknown[]): Promise<void> {
  let found = 0
  for (const id of ids) {
    const one = await Item.getById(reader.fork(), id as never, column as 'name')
    const many = await Item.getByIds(reader.fork(), [id] as never[], column as 'name')
    t.strictSame(many.map((item) => item.id), one === null ? [] : [one.id], `${column} ${String(id)}`)
    if (one !== null) found++
  }
  t.ok(found > 0, `${found} of ${ids.length} are there`)
}

for (const database of DATABASES) {
  t.test(`numbers, times and padded texts (${database})`, async (t) => {
    const app = await application(t, database, [schemaOf(database === 'sqlite' ? 'nocase' : 'C')])
    await app.writer.insertMany(Item, ROWS)
    for (const [column, ids] of Object.entries(LOOKS)) await sameAsOneByOne(t, app, column as keyof Item, ids)
    app.statements.length = 0
    t.strictSame((await Item.getByIds(app.reader.fork(), ['100.00', '7', '010.50', '10.5'], 'price')).map(({ id }) => id), [2, 1], 'each once, in the order of the ids')
    t.equal(app.statements.length, 1, 'with one statement')
  })
}

t.test('a collation without case (sqlite)', async (t) => {
  const app = await application(t, 'sqlite', [schemaOf('nocase')])
  await app.writer.insertMany(Item, ROWS)
  await sameAsOneByOne(t, app, 'name', ['Ann', 'ANN', 'bob', 'nobody'])
  t.strictSame((await Item.getByIds(app.reader.fork(), ['BOB', 'Bob', 'nobody', 'ANN'], 'name')).map(({ id }) => id), [2, 1])
})

t.test('a collation of which nothing is known (postgresql)', async (t) => {
  const app = await application(t, 'postgresql', [schemaOf('C')])
  const em = app.writer as typeof app.writer & { execute(sql: string): Promise<unknown> }
  await em.execute(`create collation without_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`)
  await em.execute('alter table items alter column name type varchar(255) collate without_case')
  await app.writer.insertMany(Item, [...ROWS, ...Array.from({ length: 40 }, (_, index) => ({ id: index + 10, name: `Name ${index}` }))])
  await sameAsOneByOne(t, app, 'name', ['Ann', 'ANN', 'bOB', 'nobody'])
  const ids = Array.from({ length: 40 }, (_, index) => (index === 17 ? 'NAME 17' : `Name ${index}`)).toReversed()
  app.statements.length = 0
  t.strictSame((await Item.getByIds(app.reader.fork(), ['nobody', ...ids, 'ann'], 'name')).map(({ id }) => id), [...ids.map((name) => Number(name.slice(5)) + 10), 1])
  t.ok(app.statements.length < 30, `found in halves: ${app.statements.length} statements`)
  t.strictSame((await Item.getByIds(app.reader.fork(), ['ANN', 'x', 'ann', 'aNN'], 'name')).map(({ id }) => id), [1], 'once, whatever it is called')
})
