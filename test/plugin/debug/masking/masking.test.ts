// What is secret does not reach the panel, wherever it stands; what is not stays readable.
import t from 'tap'
import { maskHeaders } from '../../../../plugin/debug/masking/headers.ts'
import { isSecretName } from '../../../../plugin/debug/masking/names.ts'
import { maskStatement } from '../../../../plugin/debug/masking/statement.ts'
import { maskError } from '../../../../plugin/debug/masking/text.ts'
import { maskUrl } from '../../../../plugin/debug/masking/url.ts'
import { tokensOf } from '../../../../orm/sql/tokens.ts'

const tables: Record<string, boolean> = { u: true, log: false, public: false }
const options = { all: false, mayHaveSecrets: (table: string): boolean => tables[table] ?? true }

const shown = (sql: string, parameters: string[] = [], all = false): string => {
  const masked = maskStatement(tokensOf(sql), parameters, { ...options, all })
  return [masked.tokens.map(({ text }) => text).join(''), ...masked.parameters].join(' | ')
}

t.test('names', async (t) => {
  for (const name of ['password', 'PASSWORD', 'user_password', 'passwordHash', 'passwd', 'pwd', 'secret', 'clientSecret', 'token', 'access_token', 'refreshToken', 'apiKey', 'api_key', 'X-Api-Key', 'apikey', 'authorization', 'Proxy-Authorization', 'credentials', 'set-cookie', 'cookie', 'private_key', 'session_id', 'csrf', 'otp']) {
    t.ok(isSecretName(name), name)
  }
  for (const name of ['name', 'compass', 'passenger', 'author', 'key', 'keyboard', 'content-type', 'pinned', 'id', 'session', 'stockpile', 'bypass_count']) t.notOk(isSecretName(name), name)
})

t.test('comparisons', async (t) => {
  t.equal(shown(`select * from u where name = 'ada' and password = 's3' and age = 3`), `select * from u where name = 'ada' and password = '***' and age = 3`)
  t.equal(shown(`select * from u where 's3' = u."password" or name = 'ada'`), `select * from u where '***' = u."password" or name = 'ada'`)
  t.equal(shown(`select * from u where lower("u0"."api_key") = lower('s3') limit 5`), `select * from u where lower("u0"."api_key") = lower('***') limit 5`)
  t.equal(shown(`select * from u where token in ('s3', 's4') and id in (1, 2)`), `select * from u where token in ('***', '***') and id in (1, 2)`)
  t.equal(shown(`select * from u where pin between 1 and 2 and id = 3`), `select * from u where pin between '***' and '***' and id = 3`)
  t.equal(shown(`select * from u where (token = 's3' or name = 'b') and id = 3`), `select * from u where (token = '***' or name = 'b') and id = 3`)
  t.equal(shown(`select * from u where password = crypt('s3', password) and id = 3`), `select * from u where password = crypt('***', password) and id = 3`)
  t.equal(shown(`select * from u where token like E's3\\'%' and note = $$x$$`), `select * from u where token like '***' and note = $$x$$`)
  t.equal(shown(`select * from u where secret = any(array['s3'])`), `select * from u where secret = any(array['***'])`)
})

t.test('in functions, and in rows', async (t) => {
  t.equal(shown(`select * from u where left(password, 2) = 's3' and id = 1`), `select * from u where left(password, '***') = '***' and id = 1`)
  t.equal(shown(`select * from u where encode(digest(u.token, 'sha1'), 'hex') = 's3' or id = 1`), `select * from u where encode(digest(u.token, '***'), '***') = '***' or id = 1`)
  t.equal(shown(`select * from u where (name, password) = ('ada', 's3') and id = 1`), `select * from u where (name, password) = ('***', '***') and id = 1`)
  t.equal(shown(`update u set (password, name) = ('s3', 'ada') where id = 1`), `update u set (password, name) = ('***', '***') where id = 1`)
  t.equal(shown(`select lower(password), 'x' from u where id in (select id from v where secret = 's3') and n = 2`), `select lower(password), 'x' from u where id in (select id from v where secret = '***') and n = 2`)
  t.equal(shown(`select case when password = 's3' then 'yes' else 'no' end`), `select case when password = '***' then 'yes' else 'no' end`)
})

t.test('what is written', async (t) => {
  t.equal(shown(`update u set name = 'ada', password = 's3', age = 3 where id = 1`), `update u set name = 'ada', password = '***', age = 3 where id = 1`)
  t.equal(shown(`insert into "u" ("name", "password", "age") values ('ada', 's3', 3), ('eve', lower('s4'), 4) returning "id"`), `insert into "u" ("name", "password", "age") values ('ada', '***', 3), ('eve', lower('***'), 4) returning "id"`)
  t.equal(shown(`insert into public.u (token) select 's3' from v`), `insert into public.u (token) select '***' from v`)
  t.equal(shown(`insert into u (a, b) values ('x', 'y')`), `insert into u (a, b) values ('x', 'y')`)
  t.equal(shown(`insert into u (password) values ('s3', `), `insert into u (password) values ('***', `, 'cut off')
  t.equal(shown(`insert into u (name, password`), `insert into u (name, password`)
  t.equal(shown(`alter role app with password 's3'`), `alter role app with password '***'`)
  t.equal(shown(`select set_config('app.token', 's3', true)`), `select set_config('app.token', '***', true)`)
  t.equal(shown(`select 's3' as password, 'x' as name`), `select '***' as password, 'x' as name`)
  t.equal(shown(`insert into u (a, token) values ('x', 's3') on conflict (a) do update set token = 's4', a = 'y'`), `insert into u (a, token) values ('x', '***') on conflict (a) do update set token = '***', a = 'y'`)
})

t.test('JSON and addresses in values', async (t) => {
  t.equal(shown(`select '{"name": "ada", "password": "s\\"3", "n": 1}'`), `select '{"name": "ada", "password": "***", "n": 1}'`)
  t.equal(shown(`select '"{\\"apiKey\\":\\"s3\\"}"'`), `select '"{\\"apiKey\\":\\"***\\"}"'`)
  t.equal(shown(`update u set data = 'postgresql://ada:s3@host/db'`), `update u set data = 'postgresql://***@host/db'`)
  t.equal(shown(`select * from u where data ->> 'password' = 's3' and id = 1`), `select * from u where data ->> 'password' = '***' and id = 1`)
  t.equal(shown(`/* "token": "s3" */ select 1`), `/* "token": "***" */ select 1`)
})

t.test('parameters', async (t) => {
  t.equal(shown('select * from u where name = $1 and password = $2', [`'ada'`, `'s3'`]), `select * from u where name = $1 and password = $2 | 'ada' | '***'`)
  t.equal(shown('insert into u (password, name) values (?, ?)', [`'s3'`, `'ada'`]), `insert into u (password, name) values (?, ?) | '***' | 'ada'`)
  t.equal(shown('select $1', [`'{"token":"s3"}'`]), `select $1 | '{"token":"***"}'`)
  t.equal(maskStatement(tokensOf('select * from u where password = $1'), [`'s3'`], options).masked, true)
  t.equal(maskStatement(tokensOf('select * from u where name = $1'), [`'s3'`], options).masked, false)
})

t.test('all values, where that was asked for', async (t) => {
  t.equal(shown(`select * from u where name = 'ada' and age > 3 and x = $1 limit 1`, ['5'], true), `select * from u where name = '***' and age > '***' and x = $1 limit '***' | '***'`)
})

t.test('URLs', async (t) => {
  t.equal(maskUrl('/a/b?page=1&token=s3&Api-Key=s4&q=x'), '/a/b?page=1&token=***&Api-Key=***&q=x')
  t.equal(maskUrl('/a?p%61ssword=s3'), '/a?p%61ssword=***')
  t.equal(maskUrl('http://ada:s3@host/a?x=1#access_token=s4'), 'http://***@host/a?x=1#access_token=***')
  t.equal(maskUrl('/a?user[password]=s3;secret=s4'), '/a?user[password]=***;secret=***')
  t.equal(maskUrl('/a?%=%&token=%E0%A4%A'), '/a?%=%&token=***')
  t.equal(maskUrl('/plain'), '/plain')
})

t.test('headers', async (t) => {
  t.strictSame(maskHeaders({ authorization: 'Bearer s3', cookie: 'a=s3', 'x-api-key': 's3', 'x-auth-token': 's3', accept: 'text/html', referer: 'http://a/?token=s3', 'set-cookie': ['a', 'b'], via: 'x'.repeat(5000) }), {
    authorization: '***', cookie: '***', 'x-api-key': '***', 'x-auth-token': '***', accept: 'text/html', referer: 'http://a/?token=***', 'set-cookie': '***', via: `${'x'.repeat(1000)}...`,
  })
})

t.test('errors', async (t) => {
  const detail = '23505: duplicate key value violates unique constraint "u_email_key"\nKey (email)=(alice) already exists.'
  t.equal(maskError(detail, false), detail)
  t.equal(maskError(detail, true), detail.replace('alice', '***'))
  t.equal(maskError('Key (name, token)=(ada, s(3)) already exists.', false), 'Key (name, token)=(***) already exists.')
  t.equal(maskError('Failing row contains (1, ada, s3).', false), 'Failing row contains (***).')
  t.equal(maskError('22P02: invalid input syntax for type integer: "abc"', true), '22P02: invalid input syntax for type integer: "***"')
  t.equal(maskError('connect to postgresql://ada:s3@host/db failed', false), 'connect to postgresql://***@host/db failed')
})

t.test('hostile texts take no longer than they are long', async (t) => {
  const n = 50_000
  for (const text of ['"a":'.repeat(n), '\\"a\\":'.repeat(n), 'Key (a)=('.repeat(n), '('.repeat(n), `'${`"token":"`.repeat(n)}`, 'password '.repeat(2000), '&a='.repeat(n), '://'.repeat(n), 'a@'.repeat(n), 'insert into x '.repeat(n), 'token=>'.repeat(n), '<token>'.repeat(n), 'secret: '.repeat(n), `case password end `.repeat(2000), `'${'\\"token\\":'.repeat(n)}`, 'eyJaaaaaa.a.'.repeat(n), 'values (select '.repeat(2000)]) {
    maskError(text, true)
    maskUrl(text)
    shown(text.slice(0, 100_000))
    t.pass(`${text.slice(0, 10)} ...`)
  }
})
