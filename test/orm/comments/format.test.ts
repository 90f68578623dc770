// Comments as texts: what they look like, and where in a statement they go.
import t from 'tap'
import { withComment, withLeadingComment } from '../../../orm/comments/append.ts'
import { serialized } from '../../../orm/comments/serialize.ts'
import { validTraceparent } from '../../../orm/comments/traceparent.ts'

t.test('keys are in order, and everything that is special is encoded', async (t) => {
  t.equal(serialized({ route: '/polls 1000', db_driver: 'x', action: '/param*d' }), `/*action='%2Fparam%2Ad',db_driver='x',route='%2Fpolls%201000'*/`)
  t.equal(serialized({ name: `DROP TABLE USERS'` }), `/*name='DROP%20TABLE%20USERS%27'*/`)
  t.equal(serialized({ 'route parameter': 'x', "it's": '*/' }), `/*it%27s='%2A%2F',route%20parameter='x'*/`)
  t.equal(serialized({ a: 'a-b--c---' }), `/*a='a-b%2D-c%2D%2D-'*/`)
  t.equal(serialized({ a: undefined, b: '', '': 'c' }), '')
  t.equal(serialized({ nul: '\0', half: '\ud800x', whole: '\u{1f600}' }), `/*half='%EF%BF%BDx',nul='%00',whole='%F0%9F%98%80'*/`)
  t.equal(serialized({ long: 'x'.repeat(1_000_000), ['k'.repeat(1000)]: '\u{1f600}'.repeat(1000).slice(1) }).length < 4000, true)
  t.equal(serialized(Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key${index}`, 'x']))).split(',').length, 32)
})

t.test('what is in a comment can be read from it', async (t) => {
  for (const text of [`'`, `\\'`, '*/', '/*', '--', '$1', '?', ':a', '%27', '%', '\n', '\u2028', 'é', `a','b='c`, ';']) {
    const comment = serialized({ a: text })
    t.match(comment, /^\/\*a='[\w%.~-]*'\*\/$/)
    t.equal(decodeURIComponent(comment.slice(5, -3)), text)
  }
})

t.test('where in a statement it goes', async (t) => {
  const c = `/*a='b'*/`
  const places: [sql: string, commented: string][] = [
    ['select 1', `select 1 ${c}`],
    ['select 1;', `select 1 ${c};`],
    ['select 1 ;\n ; ', `select 1 ${c} ;\n ; `],
    ['select 1; select 2;', `select 1; select 2 ${c};`],
    ['select 1 -- x', `select 1 -- x\n${c}`],
    ['select 1 -- x;', `select 1 -- x\n${c};`],
    ['select 1 -- x\n;', `select 1 -- x\n${c}\n;`],
    ['select 1 --', `select 1 --\n${c}`],
    ['--', `--\n${c}`],
    ['select 1 -- x\n+ 1', `select 1 -- x\n+ 1 ${c}`],
    [`select '--'`, `select '--'\n${c}`],
    [`select '\n--\n'`, `select '\n--\n' ${c}`],
    ['select 1 /* x */', `select 1 /* x */ ${c}`],
    ['/* x */ select 1', `/* x */ select 1 ${c}`],
    ['/*+ SeqScan(a) */ select 1', `/*+ SeqScan(a) */ select 1 ${c}`],
    [`select '/*a=''b''*/'`, `select '/*a=''b''*/' ${c}`],
    ['select a\u00a0', `select a\u00a0 ${c}`], // part of a name, for PostgreSQL
  ]
  for (const [sql, commented] of places) t.equal(withComment(sql, c), commented)
  for (const sql of ['', ' ', ';', ' ;\n', `select 1 /*x='y'*/`, `select 1 /*x='y'*/ ; `, `/*x='y'*/ select 1`, ` \n/* x='y'*/ select 1`, c]) t.equal(withComment(sql, c), sql)
  t.equal(withComment('select 1', ''), 'select 1')
  t.equal(withLeadingComment('select 1 -- x', c), `${c} select 1 -- x`)
  for (const sql of ['', ' ;', `${c} select 1`, `select 1 ${c};`]) t.equal(withLeadingComment(sql, c), sql)
  t.equal(withLeadingComment('select 1', ''), 'select 1')
})

t.test('a long text takes no longer than it is', async (t) => {
  for (const piece of [' ', ';', '\n', '-', '--', '/*', `'`, '*/']) {
    const text = `select ${piece.repeat(1_000_000)}`
    t.ok(withComment(text, '/**/').length > text.length - 1)
  }
})

t.test('a traceparent, and what is none', async (t) => {
  const valid = '00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01'
  t.equal(validTraceparent(valid), valid)
  const none: unknown[] = [
    undefined, null, 7, [valid], '', ` ${valid}`, `${valid}\n`, `${valid}, ${valid}`, `${valid}-more`, valid.toUpperCase(), valid.replace('00-', 'ff-'),
    '00-00000000000000000000000000000000-c532cb4098ac3dd2-01', '00-5bd66ef5095369c7b0d1f8f4bd33716a-0000000000000000-01', `'*/; drop table x --`,
  ]
  for (const value of none) t.equal(validTraceparent(value), undefined)
})
