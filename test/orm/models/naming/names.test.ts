// What every engine calls the constraints of a model, and that the schema diff finds nothing to change afterwards.
import { defineEntity, p } from '@mikro-orm/core'
import t from 'tap'
import { type Case, cases, expected } from './cases.ts'
import { type Config, databases, diffOf, engineOn, lines, onPostgres, onSqlite, plainOn } from './databases.ts'

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

/** Two indexes of one column, and perhaps another with a name of the model's own. */
const errands = (given?: string): Config => {
  const partial = ['open', 'closed'].map((state) => ({ properties: ['state'] as never, where: `state = '${state}'` }))
  const named = given === undefined ? [] : [{ properties: ['town'] as never, name: given }]
  const properties = { id: p.integer().primary(), state: p.string(), town: p.string() }
  return { entities: [defineEntity({ name: 'Errand', tableName: 'errands', indexes: [...partial, ...named], properties })] }
}

for (const make of databases) {
  t.test(`a name with a hash that the model gives itself is not given twice (${make.name})`, async (t) => {
    const indexes = async (given?: string): Promise<string[]> => {
      const database = await make(t)
      const orm = await engineOn(t, database, errands(given))
      await orm.schema.create()
      t.equal(await diffOf(orm), '')
      return (await database.names()).filter(({ kind }) => kind === 'ix').map(({ name }) => name)
    }
    const [plain, hashed, ...none] = (await indexes()).toSorted()
    t.strictSame([plain, none], ['ix_errands_state', []])
    t.match(hashed, /^ix_errands_state_[0-9a-f]{8}$/)
    const names = await indexes(hashed)
    t.equal(names.length, 3)
    t.match(names.find((name) => name !== plain && name !== hashed), /^ix_errands_state_[0-9a-f]{8}$/)
  })
}
