// What every engine calls the constraints of a model, and that the schema diff finds nothing to change afterwards.
import t from 'tap'
import { type Case, cases, expected } from './cases.ts'
import { databases, diffOf, engineOn, lines, onPostgres, onSqlite, plainOn } from './databases.ts'

// Many databases are made and dropped.
t.setTimeout(120_000)

const shuffled = ({ options }: Case): Case['options'] => ({ ...options, entities: [...(options.entities as unknown[])].toReversed() as never })

for (const given of cases) {
  for (const make of given.postgresOnly ? [onPostgres] : databases) {
    t.test(`${given.title} (${make.name})`, async (t) => {
      const database = await make(t)
      const orm = await engineOn(t, database, given.options)
      await orm.schema.create()
      t.strictSame(lines(await database.names()), expected(given, database.dialect))
      const mayDiffer = given.sqliteDiff === true && database.dialect === 'SQLite'
      if (!mayDiffer) {
        t.equal(await diffOf(orm), '')
        t.equal(await diffOf(await engineOn(t, database, shuffled(given))), '', 'nor does another process find one, with the entities in another order')
      }
    })
  }
}

t.test('composite foreign keys on SQLite: the diff of plain MikroORM is not empty either', async (t) => {
  const { options } = cases.find((given) => given.sqliteDiff)!
  const database = await onSqlite(t)
  const plain = await plainOn(t, database, options)
  await plain.schema.create()
  t.match(await diffOf(plain), /swaps__temp_alter/)
})

t.test('PostgreSQL never cuts a name off', async (t) => {
  for (const given of cases) {
    for (const line of [...(given.both ?? []), ...given.postgres, ...(given.sqlite ?? [])]) t.ok(Buffer.byteLength(line.split(': ')[1]!) <= 63, line)
  }
})
