// The example service as a client sees it.
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { dataFolder, service } from './support.ts'

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function ask(app: FastifyInstance, method: 'GET' | 'POST', url: string, payload?: object): Promise<Answer> {
  const response = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) })
  return { status: response.statusCode, body: response.json() }
}

const choir = { name: 'Choir', description: 'Sings on Tuesdays' }
const ada = { name: 'Ada', email: 'ada@example.com' }

t.test('groups are made by writer and found by reader', async (t) => {
  const app = await service(t)
  t.strictSame(await ask(app, 'POST', '/groups', choir), { status: 201, body: { id: 1, ...choir, members: [] } })
  t.strictSame(await ask(app, 'POST', '/groups/1/members', ada), { status: 201, body: { id: 1, ...ada } })
  const found = { id: 1, ...choir, members: [{ id: 1, ...ada }] }
  t.strictSame(await ask(app, 'GET', '/groups'), { status: 200, body: [found] })
  t.strictSame(await ask(app, 'GET', '/groups/1'), { status: 200, body: found })
})

t.test('what cannot be done is answered with what is wrong', async (t) => {
  const app = await service(t)
  await ask(app, 'POST', '/groups', choir)
  t.strictSame(await ask(app, 'POST', '/groups', choir), { status: 409, body: { error: 'That name or address is taken' } })
  t.strictSame(await ask(app, 'GET', '/groups/99'), { status: 404, body: { error: 'There is no such thing' } })
  t.strictSame(await ask(app, 'POST', '/groups/99/members', ada), { status: 404, body: { error: 'There is no such thing' } })
  t.match(await ask(app, 'POST', '/groups', { name: 'No description' }), { status: 400, body: { code: 'FST_ERR_VALIDATION' } })
  t.match(await ask(app, 'POST', '/groups/1/members', { name: 'Ada', email: 'nowhere' }), { status: 400, body: { error: /email/ } })
})

t.test('reader cannot write: the mistake is refused, and nothing is written', async (t) => {
  const app = await service(t)
  t.match(await ask(app, 'POST', '/mistake'), { status: 500, body: { code: 'SQLASSIST_READONLY_ENGINE', error: /Engine 'reader' is readonly/ } })
  t.strictSame(await ask(app, 'GET', '/groups'), { status: 200, body: [] })
})

t.test('a merge moves everybody and removes the group', async (t) => {
  const app = await service(t)
  await ask(app, 'POST', '/groups', choir)
  await ask(app, 'POST', '/groups', { name: 'Band', description: 'Plays' })
  await ask(app, 'POST', '/groups/1/members', ada)
  t.strictSame(await ask(app, 'POST', '/groups/1/merge', { into: 2 }), { status: 200, body: { moved: 1, members: 1 } })
  t.match(await ask(app, 'GET', '/groups'), { body: [{ name: 'Band', members: [{ name: 'Ada' }] }] })
  t.match(await ask(app, 'POST', '/groups/2/merge', { into: 2 }), { status: 400, body: { error: /itself/ } })
})

t.test('a merge that would not fit is undone as a whole, and its audit line stays', async (t) => {
  const app = await service(t)
  await ask(app, 'POST', '/groups', choir)
  await ask(app, 'POST', '/groups', { name: 'Band', description: 'Plays' })
  for (let i = 0; i < 14; i++) await ask(app, 'POST', `/groups/${(i % 2) + 1}/members`, { name: `Member ${i}`, email: `m${i}@example.com` })
  t.match(await ask(app, 'POST', '/groups/1/merge', { into: 2 }), { status: 409, body: { error: 'Band has no room for 14 members' } })
  const { body } = await ask(app, 'GET', '/groups')
  t.strictSame((body as { name: string; members: unknown[] }[]).map(({ name, members }) => [name, members.length]), [['Band', 7], ['Choir', 7]])
  t.match((await ask(app, 'GET', '/audit')).body, [{ action: 'POST /groups/1/merge', outcome: '409' }])
})

t.test('the audit log has a line for each change that was asked for', async (t) => {
  const app = await service(t)
  await ask(app, 'GET', '/groups')
  await ask(app, 'POST', '/groups', choir)
  await ask(app, 'POST', '/groups', choir)
  await ask(app, 'POST', '/groups', {})
  const { body } = await ask(app, 'GET', '/audit')
  t.strictSame((body as { action: string; outcome: string }[]).map(({ action, outcome }) => `${action} ${outcome}`), [
    'POST /groups 400', 'POST /groups 409', 'POST /groups 201',
  ])
})

t.test('the status shows what a request has touched', async (t) => {
  const app = await service(t)
  await ask(app, 'GET', '/groups')
  const { status, body } = await ask(app, 'GET', '/status')
  t.equal(status, 200)
  t.match(body, { ok: true, thisRequest: { reader: 'START', writer: 'INIT', logger: 'INIT' }, engines: { writer: { sessions: { open: 0, opened: 0 } } } })
})

t.test('a load balancer is told how the databases are, without a session', async (t) => {
  const app = await service(t)
  const well = { ok: true, latencyMs: Number }
  t.match(await ask(app, 'GET', '/health'), { status: 200, body: { ok: true, engines: { reader: { ...well, readOnly: true }, writer: well, logger: well } } })
  t.equal(app.sqlassist.stats().reader?.sessions.opened, 0)
  await app.sqlassist.dispose()
  t.match(await ask(app, 'GET', '/health'), { status: 503, body: { ok: false, engines: { writer: { ok: false, error: /has been disposed/ } } } })
})

t.test('a service that starts again finds what was there', async (t) => {
  const folder = dataFolder(t)
  const before = await service(t, folder)
  await ask(before, 'POST', '/groups', choir)
  await before.close()
  const after = await service(t, folder)
  t.match(await ask(after, 'GET', '/groups'), { status: 200, body: [choir] })
})
