// Every way in which a secret gets into a statement, a header or an address that we know of: nothing of it may be seen. In each of these it is called s3cret.
import t from 'tap'
import { maskHeaders } from '../../../../plugin/debug/masking/headers.ts'
import { maskStatement } from '../../../../plugin/debug/masking/statement.ts'
import { maskError, maskText } from '../../../../plugin/debug/masking/text.ts'
import { maskRequestUrl } from '../../../../plugin/debug/masking/url.ts'
import { tokensOf } from '../../../../orm/sql/tokens.ts'

/** The tables that there are entities for, and whether one of their columns is secret. */
const TABLES: Readonly<Record<string, boolean>> = { users: true, log: false }
const mayHaveSecrets = (table: string): boolean => TABLES[table] ?? true

const shown = (sql: string, parameters: readonly string[] = []): string => {
  const masked = maskStatement(tokensOf(sql), parameters, { all: false, mayHaveSecrets })
  return [masked.tokens.map(({ text }) => text).join(''), ...masked.parameters].join(' | ')
}

const STATEMENTS: Readonly<Record<string, readonly (string | readonly [sql: string, ...parameters: string[]])[]>> = {
  'insert without the names of the columns': [
    `insert into users values (1, 'ada', 's3cret')`,
    `insert into users values (1, 's3cret'), (2, 's3cret') returning id`,
    `insert into public.users as u values ('s3cret')`,
    `insert into "users" select 1, 's3cret' from log`,
    `insert into users (select 1, 's3cret')`,
    `insert into users table other`,
    `insert into users with v as (select 's3cret') select * from v`,
    `insert or replace into users values ('s3cret')`,
    `replace into users values ('s3cret')`,
    `insert into nobody_knows values ('s3cret')`,
    [`insert into users values ($1, $2)`, `1`, `'s3cret'`],
    [`insert into users values (?, ?)`, `1`, `'s3cret'`],
  ],
  'insert with them': [
    `insert into users (id, password) values (1, 's3cret') on conflict (id) do update set password = 's3cret', name = excluded.name`,
    `insert into users (id, password) values (1, 's3cret') on conflict (id) do update set (name, password) = ('ada', 's3cret')`,
    `insert into users as u (id, password) overriding system value values (1, 's3cret')`,
    `insert into users (id, data) values (1, '{"password": "s3cret"}')`,
    `insert into users (password) select * from (values ('s3cret')) as v`,
    `with new (id, password) as (values (1, 's3cret')) insert into users (id, password) select * from new`,
    `with new as (select 1 as id, 's3cret' as p) insert into users (id, password) select id, p from new`,
    `insert into users (password) values (case when true then 's3cret' else 's3cret' end)`,
  ],
  'update, and merge': [
    `update users set password = v.p from (values (1, 's3cret')) as v (id, p) where users.id = v.id`,
    `update users set password = v.p from (select 's3cret' as p) v`,
    `update users set name = v.name, password = v.p from other, (values (1, 's3cret')) as v (id, p)`,
    `update "users" set "password" = case when ("id" = 1) then 's3cret' when ("id" = 2) then 's3cret' else "password" end where "id" in (1, 2)`,
    `update users set password = coalesce(nullif('s3cret', ''), case name when 'ada' then 's3cret' end, password)`,
    `update users set data = jsonb_set(data, '{password}', '"s3cret"')`,
    `update users set data = jsonb_set(data, '{user,api_key}', '"s3cret"')`,
    `update users set data['password'] = '"s3cret"'`,
    `update users set data = data || '{"nested": {"token": ["s3cret", "s3cret"]}}'`,
    `merge into users using (values (1, 's3cret')) as v (id, p) on users.id = v.id when matched then update set password = v.p`,
    `merge into users u using other v on u.id = v.id when not matched then insert (id, password) values (v.id, 's3cret')`,
    `merge into users u using other v on u.id = v.id when not matched then insert values (v.id, 's3cret')`,
    [`update users set password = $2 where id = $1`, `1`, `'s3cret'`],
    [`update users set (name, password) = ($1, $2)`, `'ada'`, `'s3cret'`],
  ],
  JSON: [
    `select '{"password": "s3cret"}'::jsonb`,
    `select '{"passwords": ["s3cret", "s3cret"], "name": "ada"}'`,
    `select '{"credentials": {"user": "ada", "hash": {"value": "s3cret"}}, "name": "ada"}'`,
    `select '{"token": 53, "secret": "a\\"s3cret"}'`,
    `select '{"token": "a\\\\", "secret": "s3cret"}'`,
    `select '"{\\"token\\": \\"a\\\\\\"s3cret\\"}"'`,
    `select '"{\\"tokens\\": [\\"s3cret\\"]}"'`,
    `select E'{"token": "a\\\\"s3cret"}'`,
    `select E'{\\"token\\": \\"s3cret\\"}'`,
    `select '{"token": "s3cret`,
    `select '{"token": {"a": ["s3cret`,
    'select $${"token": "s3cret"}$$',
    `select jsonb_build_object('password', 's3cret')`,
    `select * from users where data ->> 'password' = 's3cret'`,
    `select * from users where data #>> '{user,password}' = 's3cret'`,
    `select * from users where data @> '{"password": "s3cret"}'`,
    `select '"token"=>"s3cret", "a"=>"b"'::hstore`,
    `select 'token=>s3cret'::hstore`,
    [`select $1::jsonb`, `'{"user": {"apiKey": "s3cret"}}'`],
  ],
  'roles and settings': [
    `alter role ada password 's3cret'`,
    `alter user ada with encrypted password 's3cret' valid until '2030-01-01'`,
    `create user ada password 's3cret'`,
    `create role ada login superuser password 'SCRAM-SHA-256$4096:s3cret'`,
    `create user mapping for ada server other options (user 'ada', password 's3cret')`,
    `create subscription s connection 'host=other user=ada password=s3cret dbname=shop' publication p`,
    `select * from dblink('host=other password=''s3cret s3cret'' user=ada', 'select 1') as t(a int)`,
    `select dblink_connect('postgresql://ada:s3cret@other/shop')`,
    `select set_config('app.token', 's3cret', true)`,
    `set app.token = 's3cret'`,
    `set app.token to s3cret`,
    `set local app.token = s3cret`,
    `alter role ada set app.secret = s3cret`,
    `pragma key = 's3cret'`,
    `attach database 'file.db' as other key 's3cret'`,
    [`select set_config('app.jwt', $1, true)`, `'s3cret'`],
  ],
  'functions, and SQL in SQL': [
    `select crypt('s3cret', gen_salt('bf'))`,
    `select * from users where hash = crypt('s3cret', hash)`,
    `select pgp_sym_encrypt('text', 's3cret')`,
    `select hmac('text', 's3cret', 'sha256')`,
    `select set_password('ada', 's3cret')`,
    `do $$ begin update users set password = 's3cret'; end $$`,
    `create function f() returns void language sql as $body$ insert into users (password) values ('s3cret') $body$`,
    `select dblink_exec('other', 'update users set password = ''s3cret''')`,
    `select dblink_exec('other', 'insert into users (id, password) values (1, ''s3cret'')')`,
    `execute save_user('ada', 's3cret')`,
    `prepare save_user as insert into users (password) values ('s3cret')`,
    `copy (select 's3cret' as password) to stdout`,
    `copy users from program 'curl https://ada:s3cret@other/users?token=s3cret'`,
  ],
  'addresses, headers and keys in values': [
    `insert into log (text) values ('GET /callback?code=1&access_token=s3cret&page=2')`,
    `insert into log (text) values ('https://other/a?api%5Fkey=s3cret')`,
    `insert into log (text) values ('Authorization: Basic s3cret')`,
    `insert into log (text) values ('GET / HTTP/1.1\nHost: a\nCookie: a=s3cret; b=s3cret\nAccept: x')`,
    `insert into log (text) values (E'Host: a\\r\\nAuthorization: Bearer s3cret')`,
    `insert into log (text) values ('it said Bearer s3cret.s3cret')`,
    `insert into log (text) values ('eyJhbGciOiJIUzI1NiJ9.s3cret.s3cret')`,
    `insert into log (text) values ('-----BEGIN RSA PRIVATE KEY-----\ns3cret\n-----END RSA PRIVATE KEY-----')`,
    `insert into log (text) values ('<login><password type="x">s3cret</password></login>')`,
    `select 1 -- password=s3cret`,
    `select 1 /* authorization: s3cret */`,
    [`insert into log (text) values ($1)`, `'/callback?token=s3cret'`],
  ],
}

for (const [what, statements] of Object.entries(STATEMENTS)) {
  t.test(what, async (t) => {
    for (const statement of statements) {
      const [sql, ...parameters] = [statement].flat() as [string, ...string[]]
      t.notMatch(shown(sql, parameters), 's3cret', sql)
    }
  })
}

t.test('what is none stays', async (t) => {
  for (const sql of [
    `insert into log values (1, 'hello')`,
    `insert into log values (1, 'hello') returning id`,
    `select id, 'hello' into other from log`,
    `insert into users (name, age) values ('ada', 3), ('eve', 4)`,
    `update log set text = case when (id = 1) then 'a' else text end where id in (1, 2)`,
    `select '{"name": "ada", "tags": ["a", "b"], "author": {"id": 1}}'`,
    `select 'page=2&sort=name', 'Host: example.org', '<b>bold</b>', 'note: hello'`,
    `select * from (values (1, 'a')) as v (id, name)`,
    `set search_path to shop`,
    `do $$ begin perform 1; end $$`,
    `insert into log default values`,
  ]) t.equal(shown(sql), sql)
  t.equal(shown(`insert into log (text) values ($1)`, [`'hello'`]), `insert into log (text) values ($1) | 'hello'`)
})

t.test('headers', async (t) => {
  const headers = maskHeaders({
    authorization: 'Bearer s3cret', 'proxy-authorization': 'Basic s3cret', cookie: 'sid=s3cret', 'set-cookie': ['a=s3cret'], 'x-api-key': 's3cret', 'x-csrf-token': 's3cret',
    'x-amz-security-token': 's3cret', 'cf-access-jwt-assertion': 's3cret', 'sec-websocket-protocol': 'v1, s3cret', dpop: 's3cret', 'x-forwarded-client-cert': 's3cret',
    'x-hub-signature-256': 's3cret', referer: 'http://a/?token=s3cret', link: '<http://a/?token=s3cret>; rel=next', 'x-original-url': '/a?password=s3cret', 'x-data': '{"secret": "s3cret"}',
    forwarded: 'for=1.2.3.4; secret=s3cret', 'user-agent': 'a test',
  })
  t.notMatch(JSON.stringify(headers), 's3cret')
  t.equal(headers['user-agent'], 'a test')
})

t.test('addresses of requests', async (t) => {
  t.equal(maskRequestUrl('/users?token=s3cret&page=2', {}), '/users?token=***&page=2')
  t.equal(maskRequestUrl('/reset/s3cret?page=2', { token: 's3cret' }), '/reset/***?page=2')
  t.equal(maskRequestUrl('/reset/s3%20cret/x', { resetToken: 's3 cret' }), '/reset/***/x')
  t.equal(maskRequestUrl('/users/7?a=7', { id: '7' }), '/users/7?a=7')
  t.equal(maskRequestUrl('/users/7', undefined), '/users/7')
})

t.test('errors', async (t) => {
  for (const message of [
    'Key (id, password)=(1, s3cret) already exists.', 'Failing row contains (1, s3cret).', `unterminated quoted string at or near "'s3cret"`, 'connect to postgresql://ada:s3cret@other failed',
    'failed: {"token":"s3cret"}', `select * from users where password = 's3cret'`,
  ]) t.notMatch(maskError(message, false), 's3cret', message)
  // Of a statement that has a secret in it, any value may be the one.
  for (const message of ['invalid input syntax for type integer: "s3cret"', 'syntax error at or near "s3cret"', `value 's3cret' is out of range`]) t.notMatch(maskError(message, true), 's3cret', message)
})

t.test('that nothing is there is no secret', async (t) => {
  t.equal(maskText('{"password": null, "token": "s3cret", "name": "Ada"}'), '{"password": null, "token": "***", "name": "Ada"}')
})
