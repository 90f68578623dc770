// Rows of another server's table, which postgres_fdw shows as one's own: the transaction here never gets an id for them.
import t, { type Test } from 'tap'
import { asSuperuser, postgresDatabase, serverUrl } from '../../support/databases.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { type Config, type Database, postgres } from '../sessions/fixtures/engines.ts'
import { company } from './fixtures/branches.ts'

/** A database whose table of authors is that of another one. */
async function branchOffice(file: Test, head: Database): Promise<Database> {
  const clientUrl = await postgresDatabase(file)
  const { hostname, port, username, password } = new URL(serverUrl())
  const far = new URL(head.config().clientUrl!).pathname.slice(1)
  await asSuperuser(clientUrl, `create extension postgres_fdw;
    create server head foreign data wrapper postgres_fdw options (host '${hostname}', port '${port}', dbname '${far}');
    create user mapping for current_user server head options (user '${username}', password '${password}');
    create foreign table author (id int, name varchar(255)) server head`)
  return { dialect: 'postgresql', config: (more: Config = {}) => head.config({ ...more, clientUrl }) }
}

t.test('a transaction that only writes to a foreign table has written', async (t) => {
  const head = await postgres(t)
  const branch = await branchOffice(t, head)
  const { db, saved } = await company(t, branch, head)
  await db.transaction(async ({ paris }) => {
    await paris.execute(`insert into author values (1, 'Ada')`)
  })
  t.strictSame((await saved()).rome, ['Ada'])
})

t.test('the same beside another engine', async (t) => {
  const head = await postgres(t)
  const branch = await branchOffice(t, head)
  const other = await postgres(t)
  const { db, saved } = await company(t, branch, other)
  await db.transaction(async ({ paris, rome }) => {
    await paris.execute(`insert into author values (1, 'Ada')`)
    rome.persist(new Author('Bruno'))
  })
  t.strictSame(await saved(), { paris: ['Ada'], rome: ['Bruno'] })
})

t.test('a transaction that changes no row of a foreign table', async (t) => {
  const head = await postgres(t)
  const branch = await branchOffice(t, head)
  const { db, saved } = await company(t, branch, head)
  await db.transaction(async ({ paris }) => {
    await paris.execute(`update author set name = 'nobody' where false`)
    t.equal(await paris.count(Author), 0)
  })
  t.strictSame((await saved()).rome, [])
})
