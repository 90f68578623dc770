// The part of the fuzz run that every test run has: see helpers.ts for all of it.
import t from 'tap'
import { postgresDatabase, sqliteFile } from '../support/databases.ts'
import { FULL } from '../support/size.ts'
import { fuzz } from './fuzz.ts'
import { isTemplateOf, withoutLengths } from './statements.ts'

const calls = FULL ? 1_500 : 300

for (const database of ['PostgreSQL', 'SQLite']) {
  t.test(`${calls} random calls (${database})`, async (t) => {
    const report = await fuzz(database === 'SQLite' ? sqliteFile(t) : await postgresDatabase(t), calls, 20_260)
    t.strictSame(report.failures, [])
    t.match(report, { database, calls })
    for (const figure of ['refused', 'rows', 'statements', 'shapes'] as const) t.ok(report[figure] > calls / 15, `${report[figure]} ${figure}`)
  })
}

t.test('what is text in a statement, and what is a value', async (t) => {
  t.ok(isTemplateOf(`select "a" where b = ? limit ?`, `select "a" where b = 'x' limit 5`))
  t.ok(isTemplateOf('b = ?', `b = 'it''s; -- ?'`))
  t.ok(isTemplateOf('b = ?', `b =  E'back\\\\slash \\''`))
  t.ok(isTemplateOf('b in (?, ?)', `b in (-1, null)`))
  t.notOk(isTemplateOf('b = ?', `b = 'x' or '1'='1'`))
  t.notOk(isTemplateOf('b = ?', `b = ''; drop table c; --'`))
  t.notOk(isTemplateOf('b = ?', `b =  E'x\\'' or 1=1 --'`))
  t.notOk(isTemplateOf('b = ? and c = 1', `b = 1 or c = 1`))
  t.notOk(isTemplateOf('b = ?', 'b = c'))
  t.equal(withoutLengths('a in (?, ?, ?) and (b, c) in ((?, ?), (?, ?))'), 'a in (?...) and (b, c) in ((?...))')
})
