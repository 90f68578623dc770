// Who may see the panel: those at this machine who ask it by its own name, and nobody through anybody else.
import { request as httpRequest } from 'node:http'
import { networkInterfaces } from 'node:os'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { sqlassistDebug } from 'fastify-sqlassist/debug'
import t from 'tap'
import { isLoopback } from '../../../plugin/debug/guard.ts'
import { RawClient } from '../../support/http-client.ts'
import { configOf, sqlite } from '../endings/service.ts'
import { application, listening, Panel } from './fixtures/panel.ts'

interface Asked {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: string
}

/** Sends just these headers, which `fetch` would not. */
async function ask(port: number, headers: Record<string, string>, { method = 'GET', path = '/_sqlassist/api/info', host = '127.0.0.1' } = {}): Promise<Asked> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest({ host, port, path, method, headers, setHost: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text)).on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    request.on('error', reject).end()
  })
}

const database = await sqlite(t)

t.test('over the loopback, under its own name', async (t) => {
  const app = await application(t, database)
  await listening(app)
  const { port } = app.server.address() as AddressInfo
  const get = async (headers: Record<string, string>): Promise<number> => (await ask(port, headers)).status
  const host = `127.0.0.1:${port}`
  t.equal(await get({ host }), 200)
  t.equal(await get({ host: `localhost:${port}` }), 200)
  t.equal(await get({ host: `LOCALHOST:${port}` }), 200)
  t.equal(await get({ host: `[::1]:${port}` }), 200)

  for (const spoofed of ['example.com', `example.com:${port}`, `127.0.0.1.example.com:${port}`, `localhost.example.com:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`, `127.0.0.2:${port}`, `0.0.0.0:${port}`, `localhost:${port}@example.com`, `xlocalhost:${port}`, `127.0.0.1:${port}, example.com`]) {
    const { status, body } = await ask(port, { host: spoofed })
    t.equal(status, 403, `Host: ${spoofed}`)
    t.match(JSON.parse(body), { error: { code: 'SQLASSIST_PANEL_REFUSED', message: /Host/ } })
  }
  for (const hosts of [[host, 'example.com'], ['example.com', host]]) {
    const client = await RawClient.connect(port)
    t.equal(await client.send(`GET /_sqlassist/api/info HTTP/1.1\r\n${hosts.map((name) => `host: ${name}\r\n`).join('')}connection: close\r\n\r\n`).answered(), '403', 'two Hosts')
  }

  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip', 'x-forwarded-host']) t.equal(await get({ host, [name]: '127.0.0.1' }), 403, name)

  t.equal(await get({ host, origin: `http://${host}` }), 200)
  for (const origin of ['http://example.com', `https://${host}`, `http://127.0.0.1:${port + 1}`, `http://localhost:${port}`, 'null', '']) t.equal(await get({ host, origin }), 403, `Origin: ${origin}`)

  for (const site of ['cross-site', 'same-site', 'nonsense']) t.equal(await get({ host, 'sec-fetch-site': site }), 403, site)
  for (const site of ['same-origin', 'none']) t.equal(await get({ host, 'sec-fetch-site': site }), 200, site)
  t.equal(await get({ host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }), 200, 'a link on another page')
  t.equal(await get({ host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }), 403, 'a frame in another page')
  t.match((await new Panel(app).info()).hints, [/requests to the panel were refused, the last one because another site asks/])
})

t.test('what changes something must come from its own page', async (t) => {
  const app = await application(t, database)
  await listening(app)
  const { port } = app.server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  const clear = async (headers: Record<string, string>): Promise<number> => (await ask(port, { host, ...headers }, { method: 'DELETE', path: '/_sqlassist/api/requests' })).status
  t.equal(await clear({}), 403)
  t.equal(await clear({ 'sec-fetch-site': 'none' }), 403)
  t.equal(await clear({ 'sec-fetch-site': 'same-site' }), 403)
  t.equal(await clear({ origin: 'http://example.com', 'sec-fetch-site': 'same-origin' }), 403)
  t.equal(await clear({ 'sec-fetch-site': 'same-origin' }), 204)
  t.equal(await clear({ origin: `http://${host}` }), 204)
  t.equal((await ask(port, { host }, { method: 'POST', path: '/_sqlassist/api/requests/1/statements/1/explain' })).status, 403)
})

t.test('from another address of this machine, whatever the headers say', async (t) => {
  const other = Object.values(networkInterfaces()).flat().find((address) => address !== undefined && !address.internal && address.family === 'IPv4')
  if (other === undefined) {
    t.pass('this machine has no other address')
    return
  }
  const app = await application(t, database, { server: { trustProxy: true } })
  await app.listen({ port: 0, host: '0.0.0.0' })
  const { port } = app.server.address() as AddressInfo
  for (const headers of [{ host: `localhost:${port}` }, { host: `localhost:${port}`, 'x-forwarded-for': '127.0.0.1' }, { host: `localhost:${port}`, 'x-real-ip': '::1', forwarded: 'for=127.0.0.1' }]) {
    const { status, body } = await ask(port, headers, { host: other.address })
    t.equal(status, 403)
    t.match(body, /comes from another machine/)
  }
  t.equal((await ask(port, { host: `localhost:${port}` })).status, 200)
})

t.test('addresses', async (t) => {
  for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1']) t.ok(isLoopback(address), address)
  for (const address of [undefined, '', '128.0.0.1', '10.0.0.1', '::', '::2', '::ffff:10.0.0.1', 'fe80::1', '127.0.0.1.example.com', '127.example.com']) t.notOk(isLoopback(address), String(address))
})

t.test('every answer says that nothing of it may be embedded, kept or guessed at', async (t) => {
  const app = await application(t, database)
  app.addHook('onSend', async (_request, reply, payload) => {
    reply.headers({ 'content-security-policy': `default-src *`, 'cache-control': 'public', 'access-control-allow-origin': '*' })
    return payload
  })
  await listening(app)
  const { port } = app.server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  const cases = [
    [{ host }, '/_sqlassist/', 200], [{ host }, '/_sqlassist/assets/panel.js', 200], [{ host }, '/_sqlassist/assets/panel.css', 200], [{ host }, '/_sqlassist/api/requests', 200],
    [{ host }, '/_sqlassist/api/requests/99', 404], [{ host }, '/_sqlassist/assets/../../../package.json', 404], [{ host }, '/_sqlassist/nothing', 404], [{ host: 'example.com' }, '/_sqlassist/', 403],
    [{ host: 'example.com' }, '/_sqlassist/nothing', 403], [{ host }, '/_sqlassist', 302],
  ] as const
  for (const [headers, path, status] of cases) {
    const answer = await ask(port, headers, { path })
    t.equal(answer.status, status, path)
    t.match(answer.headers, {
      'content-security-policy': /default-src 'none'.*frame-ancestors 'none'/, 'x-content-type-options': 'nosniff', 'cache-control': /no-store/, 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY',
    }, path)
  }
  t.equal((await ask(port, { host }, { path: '/_sqlassist?request=3' })).headers['location'], '/_sqlassist/?request=3')
})

t.test('in production it does not start, unless somebody protects it', async (t) => {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  t.teardown(() => {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
  })
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines: { writer: { config: configOf(database) } } })
  await t.rejects(async () => await app.register(sqlassistDebug), { code: 'SQLASSIST_PANEL_IN_PRODUCTION' })

  const seen: string[] = []
  const guarded = await application(t, database, {
    debug: {
      allowInProduction: {
        guard: async (request, reply) => {
          seen.push(request.url)
          if (request.headers['x-admin'] !== 'yes') await reply.code(401).send('not you')
        },
      },
    },
  })
  t.equal((await guarded.inject('/_sqlassist/api/info')).statusCode, 401)
  t.equal((await guarded.inject('/_sqlassist/')).statusCode, 401)
  t.equal((await guarded.inject('/_sqlassist/nothing')).statusCode, 401)
  const admitted = await guarded.inject({ url: '/_sqlassist/api/info', headers: { 'x-admin': 'yes' } })
  t.equal(admitted.statusCode, 200)
  t.match(admitted.json(), { hints: [/NODE_ENV is 'production'/] })
  t.equal((await guarded.inject({ url: '/_sqlassist/api/info', headers: { 'x-admin': 'yes', host: 'example.com' } })).statusCode, 403, 'its own checks hold as well')
  t.equal(seen.length, 4)
  await listening(guarded)
})
