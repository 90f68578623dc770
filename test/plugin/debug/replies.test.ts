// What replies of the application get, where that was asked for: a header Server-Timing, and a link to the record. Nothing else of them changes.
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { Note } from '../endings/model.ts'
import { sqlite, writerOf } from '../endings/service.ts'
import { application, listening } from './fixtures/panel.ts'

const database = await sqlite(t)
const PAGE = '<!doctype html><html><body><p>caf\u00e9 </body> in a text</p></body></html>'

t.test('nothing, unless it was asked for', async (t) => {
  const app = await application(t, database)
  app.get('/', async (_request, reply) => await reply.type('text/html').send(PAGE))
  const { headers, body } = await app.inject('/')
  t.equal(body, PAGE)
  t.equal(headers['server-timing'], undefined)
})

t.test('Server-Timing', async (t) => {
  const app = await application(t, database, { debug: { serverTiming: true } })
  app.get('/', async (request) => await writerOf(request).count(Note))
  app.get('/own', async (_request, reply) => await reply.header('server-timing', 'cache;dur=1').send({}))
  app.get('/stream', async () => Readable.from(['a', 'b']))
  t.match((await app.inject('/')).headers['server-timing'], /^sql;desc="1 statement";dur=\d+\.\d, sqlassist;desc="request 1"$/)
  t.match((await app.inject('/own')).headers['server-timing'], /^cache;dur=1, sql;desc="0 statements";dur=0\.0, sqlassist/)
  t.match((await app.inject('/stream')).headers['server-timing'], /^sql;/)
  t.equal((await app.inject('/_sqlassist/api/info')).headers['server-timing'], undefined)
})

t.test('a link in HTML pages', async (t) => {
  const app = await application(t, database, { debug: { handle: true } })
  const route = (path: string, payload: () => unknown, headers: Record<string, string> = {}): void => {
    app.get(path, async (request, reply) => {
      await writerOf(request).count(Note)
      return await reply.headers({ 'content-type': 'text/html; charset=utf-8', ...headers }).send(payload())
    })
  }
  route('/page', () => PAGE)
  route('/buffer', () => Buffer.from(PAGE))
  route('/length', () => PAGE, { 'content-length': String(Buffer.byteLength(PAGE)) })
  route('/policy', () => PAGE, { 'content-security-policy': `default-src 'none'` })
  route('/meta', () => PAGE.replace('<body>', `<meta http-equiv="Content-Security-Policy" content="default-src 'none'"><body>`))
  const url = await listening(app)
  for (const path of ['/page', '/buffer', '/length', '/policy', '/meta']) {
    const response = await fetch(url + path)
    const body = await response.text()
    t.equal(Number(response.headers.get('content-length')), Buffer.byteLength(body), path)
    const [, id, attributes] = /caf\u00e9 <\/body> in a text<\/p><a href="\/_sqlassist\/\?request=(\d+)" target="_blank" rel="noopener"([^>]*)>1 SQL, \d+\.\d ms<\/a><\/body><\/html>$/.exec(body) ?? []
    t.match((await (await fetch(`${url}/_sqlassist/api/requests/${id}`)).json()), { url: path })
    t.equal(attributes === '', path === '/policy' || path === '/meta', `${path}: a style only where no policy forbids it`)
    const head = await fetch(url + path, { method: 'HEAD' })
    t.ok(Number(head.headers.get('content-length')) > Buffer.byteLength(PAGE), `HEAD ${path}`)
  }
})

t.test('and in nothing else', async (t) => {
  const compressed = gzipSync(PAGE)
  const same = async (name: string, headers: Record<string, string>, payload: () => unknown, bytes: Buffer = Buffer.from(PAGE)): Promise<void> => {
    const app = await application(t, database, { debug: { handle: true } })
    app.get('/', async (_request, reply) => await reply.headers(headers).send(payload()))
    const response = await app.inject('/')
    t.strictSame(response.rawPayload, bytes, name)
  }
  const html = { 'content-type': 'text/html' }
  await same('encoded', { ...html, 'content-encoding': 'gzip' }, () => compressed, compressed)
  await same('digest', { ...html, 'content-digest': 'sha-256=:x:' }, () => PAGE)
  await same('no-transform', { ...html, 'cache-control': 'private, no-transform' }, () => PAGE)
  await same('stream', html, () => Readable.from([PAGE]))
  await same('utf-16', { 'content-type': 'text/html; charset=utf-16le' }, () => Buffer.from(PAGE, 'utf16le'), Buffer.from(PAGE, 'utf16le'))
  await same('text', { 'content-type': 'text/plain' }, () => PAGE)
  await same('xhtml-ish', { 'content-type': 'text/html-but-not-quite' }, () => PAGE)
  await same('json', { 'content-type': 'application/json' }, () => JSON.stringify({ PAGE }), Buffer.from(JSON.stringify({ PAGE })))
  await same('piece', html, () => '<p>a piece of a page</p>', Buffer.from('<p>a piece of a page</p>'))
  await same('empty', html, () => '', Buffer.from(''))
})
