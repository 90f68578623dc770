// SQL in pieces: whatever it is, nothing of it gets lost, and values are told from names.
import t from 'tap'
import { fingerprintOf } from '../../../orm/sql/fingerprint.ts'
import { formatted } from '../../../orm/sql/format.ts'
import { leastLength, literalOf } from '../../../orm/sql/literal.ts'
import { withLiterals } from '../../../orm/sql/parameters.ts'
import { tokensOf } from '../../../orm/sql/tokens.ts'
import { Random } from '../../soak/random.ts'

/** Pieces that begin something, end it, or look like it. */
const PIECES = [
  `'`, `''`, `"`, `""`, '`', '$$', '$a$', '$1', '?', '--', '\n', '/*', '*/', '\\', `e'`, `E'\\''`, `x'00'`, `u&"`, ';', '(', ')', ',', '.', '::', ':=', '->>', '@>', '1', '1.5e-3', '.5', '0xff', '1_000',
  'select', 'from', 'where', 'and', 'between', 'in', 'values', 'insert into', 'update', 'set', 'join', 'left', 'null', 'password', 'b', '\u00e9', '\u{1f600}', '\ud800', '\0', ' ', '\t',
]

/** Without the blanks that formatting may change. */
const meant = (sql: string): string[] => tokensOf(sql).filter(({ kind }) => kind !== 'space').map(({ text }) => text)

t.test('the pieces of any text are the text', async (t) => {
  const random = new Random(60_221_023)
  let longest = 0
  for (let round = 0; round < 20_000; round++) {
    const sql = Array.from({ length: random.below(30) }, () => PIECES[random.below(PIECES.length)]!).join(random.below(2) === 0 ? '' : ' ')
    const tokens = tokensOf(sql)
    if (tokens.map(({ text }) => text).join('') !== sql) t.fail(`not the same: ${JSON.stringify(sql)}`)
    if (meant(formatted(tokens)).join('\0') !== meant(sql).join('\0')) t.fail(`formatting changes ${JSON.stringify(sql)} to ${JSON.stringify(formatted(tokens))}`)
    longest = Math.max(longest, tokens.length)
  }
  t.ok(longest > 20, 'there was something to look at')
})

const kinds = (sql: string): string => tokensOf(sql).filter(({ kind }) => kind !== 'space').map(({ kind, text }) => `${kind} ${text}`).join(' | ')

t.test('what is a value, a name, a comment, a parameter', async (t) => {
  t.equal(kinds(`'it''s' "na""me" \`tick\``), `string 'it''s' | name "na""me" | name \`tick\``)
  t.equal(kinds(`E'a\\'b' 'a\\' x`), `string E'a\\'b' | string 'a\\' | word x`)
  t.equal(kinds(`$$ it's $$ $tag$ $$ $tag$ $1`), `string $$ it's $$ | string $tag$ $$ $tag$ | parameter $1`)
  t.equal(kinds('a -- b\nc /* d /* e */ f */ g'), 'word a | comment -- b | word c | comment /* d /* e */ f */ | word g')
  t.equal(kinds('a1 1 1.5 .5 1e3 a.b x::int'), 'word a1 | number 1 | number 1.5 | number .5 | number 1e3 | word a | symbol . | word b | word x | symbol :: | word int')
  t.equal(kinds(`'does not end`), `string 'does not end`)
  t.equal(kinds('$$ does not end'), 'string $$ does not end')
})

t.test('a fingerprint is what is left without values', async (t) => {
  const same = (...statements: string[]): void => {
    t.equal(new Set(statements.map((sql) => fingerprintOf(sql))).size, 1, statements.map((sql) => fingerprintOf(sql)).join('\n'))
  }
  const different = (...statements: string[]): void => void t.equal(new Set(statements.map((sql) => fingerprintOf(sql))).size, statements.length, statements.join('\n'))
  same('select * from a where id = 1', 'SELECT  * from a -- why\nwhere id = 2', `select * from a where id = 'x'`, 'select * from a where id = $1', 'select * from a where id = -5')
  same('select * from a where id in (1)', 'select * from a where id in (1, 2, 3)', `select * from a where id in ('a', 'b')`, 'select * from a where id in ($1, $2)')
  same(`insert into a (b, c) values (1, 'x')`, `insert into a (b, c) values (1, 'x'), (2, null)`, `insert into a (b, c) values (default, 'x'), (2, true), (3, 'y'::text)`)
  same('select array[1, 2]', 'select array[1, 2, 3]')
  same('select * from a limit 1', 'select * from a limit 20;')
  same('update a set b = null where c = 1', `update a set b = 'x' where c = 2`)
  different('select * from a where b is null', 'select * from a where b is not null', 'select * from a where b = 1')
  different('select * from a', 'select * from "A"', 'select * from b')
  different('select a - 1', 'select a + 1')
  different('select * from a where b = 1', 'select * from a where c = 1', 'select * from a where b in (1)')
  t.equal(fingerprintOf(`select "a0".* from "author" as "a0" where "a0"."id" = 1 limit 1`), 'select "a0" . * from "author" as "a0" where "a0" . "id" = ? limit ?')
  const long = `insert into a (b, c) values ${Array.from({ length: 20_000 }, (_, i) => `(${i}, 'x')`).join(', ')}`
  t.equal(fingerprintOf(long), 'insert into a ( b , c ) values ( ?, ... )')
})

const lines = (sql: string): string[] => formatted(tokensOf(sql)).split('\n')

t.test('a line for each clause', async (t) => {
  t.strictSame(lines(`select a, b from "t" as "x" left join u on u.id = x.id where a = 1 and (b = 2 or c = 3) and d between 1 and 2 or e in (select f from g where h = 1) group by a order by b desc limit 1`), [
    'select a, b', 'from "t" as "x"', 'left join u on u.id = x.id', 'where a = 1', '  and (b = 2 or c = 3)', '  and d between 1 and 2', '  or e in (',
    '  select f', '  from g', '  where h = 1', ')', 'group by a', 'order by b desc', 'limit 1',
  ])
  t.strictSame(lines(`insert into a (b) values ('x from y where z') on conflict do update set b = 1 returning id`), ['insert into a (b)', `values ('x from y where z')`, 'on conflict do update', 'set b = 1', 'returning id'])
  t.strictSame(lines('delete from a where b is distinct from c'), ['delete from a', 'where b is distinct from c'])
  t.strictSame(lines('select extract(day from d), left(x, 1) from a for update'), ['select extract(day from d), left(x, 1)', 'from a for update'])
  t.strictSame(lines('select 1 -- one\n, 2'), ['select 1 -- one', ', 2'])
})

const run = (sql: string, values: unknown[], dialect = 'postgresql'): string => withLiterals(tokensOf(sql), values.map((value) => literalOf(value, dialect))).map(({ text }) => text).join('')

t.test('parameters in their places', async (t) => {
  t.equal(run('a = $2 and b = $1 and c = $2', [`it's`, 5]), `a = 5 and b = 'it''s' and c = 5`)
  t.equal(run('a = ? and b = ?', [true, null], 'sqlite'), 'a = true and b = null')
  t.equal(run(`data ? 'key' and a = $1`, ['x']), `data ? 'key' and a = 'x'`, 'an operator of PostgreSQL')
  t.equal(run('a = ?', []), 'a = ?')
  t.equal(run('1-$1', [-5]), '1- -5')
  t.equal(run('$1, $2, $3', [new Date(0), Buffer.from('ab'), { a: `'` }]), `'1970-01-01T00:00:00.000Z', '\\x6162', '{"a":"''"}'`)
  t.equal(run('$1, $2', [[1, 'a"b', null, [2]], 10n]), `'{"1","a\\"b",NULL,{"2"}}', 10`)
  t.equal(run('?', [new Uint8Array([255])], 'sqlite'), `x'ff'`)
  t.equal(run('$1', [[new Uint8Array([255])]]), `'{"\\\\xff"}'`)
  t.equal(run('$1, $2, $3', [Number.NaN, new Date(Number.NaN), Symbol('x')]), `'null', 'Invalid Date', 'Symbol(x)'`)
})

t.test('a literal is at least as long as it is said to be before it is made', async (t) => {
  for (const value of ['', `it's`, 5, null, true, new Date(0), Buffer.from('bytes'), [], ['a', [1, null]], { key: 'value' }]) {
    for (const dialect of ['postgresql', 'sqlite']) t.ok(literalOf(value, dialect).length >= leastLength(value), `${JSON.stringify(value)} on ${dialect}`)
  }
})
