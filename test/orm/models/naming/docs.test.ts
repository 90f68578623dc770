// The table in docs/naming.md is what the catalogs of the databases say. With UPDATE_DOCS=1 it is written, else it is compared.
import { readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type Case, cases } from './cases.ts'
import { type Constraint, type Database, engineOn, onPostgres, onSqlite } from './databases.ts'

// Many databases are made and dropped.
t.setTimeout(120_000)

const PAGE = new URL('../../../../docs/naming.md', import.meta.url)
const KINDS = { pk: 'primary key', uq: 'unique', ix: 'index', fk: 'foreign key', ck: 'check' }
const SECTION = /(<!-- names:begin.*? -->\n).*(<!-- names:end -->)/s

async function namesOn(make: (teardown: Test) => Promise<Database>, { options }: Case, test: Test): Promise<Constraint[]> {
  const database = await make(test)
  const orm = await engineOn(test, database, options)
  await orm.schema.create()
  return await database.names()
}

async function tableOf(given: Case, test: Test): Promise<string> {
  const postgres = await namesOn(onPostgres, given, test)
  const sqlite = given.postgresOnly ? [] : await namesOn(onSqlite, given, test)
  const rows = new Map<string, [postgres: string, sqlite: string]>()
  for (const [column, names] of [postgres, sqlite].entries()) {
    for (const { table, kind, name } of names) {
      const key = `| ${table.replaceAll('"', '')} | ${KINDS[kind]} | \`${name}\` `
      rows.set(key, rows.get(key) ?? ['—', '—'])
      rows.get(key)![column] = 'yes'
    }
  }
  const lines = [...rows].map(([key, [onPostgreSql, onSqlite3]]) => `${key}| ${onPostgreSql} | ${given.postgresOnly ? '' : onSqlite3} |`).toSorted()
  return `### ${given.title}\n\n| table | kind | name | PostgreSQL | SQLite |\n|---|---|---|---|---|\n${lines.join('\n')}\n`
}

t.test('docs/naming.md shows the names that the databases have', async (test) => {
  const tables: string[] = []
  for (const given of cases) tables.push(await tableOf(given, test))
  const page = readFileSync(PAGE, 'utf8')
  test.match(page, SECTION)
  const wanted = page.replace(SECTION, (_all, begin: string, end: string) => `${begin}\n${tables.join('\n')}\n${end}`)
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, wanted)
  else test.equal(page, wanted, 'if the change is wanted: run this test with UPDATE_DOCS=1')
})
