// `fastify-sqlassist tail`: a line for each request of an application, for as long as there is one to look at.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { main } from '../../../orm/cli/main.ts'
import { tailLine } from '../../../orm/cli/tail-line.ts'
import { Note } from '../../plugin/endings/model.ts'
import { configOf, sqlite, writerOf } from '../../plugin/endings/service.ts'
import { application } from '../../plugin/debug/fixtures/panel.ts'
import { freePort } from '../../support/postgres-server.ts'
import Fastify from 'fastify'
import { sqlassist } from 'fastify-sqlassist'

const database = await sqlite(t)

/** The program, as it writes to a terminal. */
class Terminal {
  readonly #printed: string[] = []
  readonly #said: string[] = []
  readonly #ending = new AbortController()
  readonly ended: Promise<number>
  #more = Promise.withResolvers<void>()

  constructor(t: Test, ...args: string[]) {
    const write = (lines: string[]) => (line: string): void => {
      lines.push(line)
      this.#more.resolve()
      this.#more = Promise.withResolvers()
    }
    this.ended = main(['tail', ...args], { out: write(this.#printed), say: write(this.#said) }, this.#ending.signal)
    t.teardown(async () => await this.end())
  }

  /** Waits for so many lines. */
  async printed(count: number): Promise<string[]> {
    while (this.#printed.length < count) await this.#more.promise
    return this.#printed
  }

  async said(pattern: RegExp): Promise<void> {
    while (!this.#said.some((line) => pattern.test(line))) await this.#more.promise
  }

  get words(): string {
    return this.#said.join('\n')
  }

  async end(): Promise<number> {
    this.#ending.abort()
    return await this.ended
  }
}

async function serve(t: Test, port = 0): Promise<{ app: FastifyInstance; url: string }> {
  const app = await application(t, database, { debug: { slowQueryMs: 60_000 } })
  app.get('/notes', async (request) => await writerOf(request).count(Note))
  app.get('/fails', async (request) => await writerOf(request).execute('select nothing'))
  await app.listen({ port, host: '127.0.0.1' })
  return { app, url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}` }
}

t.test('a line for each request, once', async (t) => {
  const { url } = await serve(t)
  const terminal = new Terminal(t, url)
  await terminal.said(/^Connected to http:\/\/127\.0\.0\.1:\d+\/_sqlassist\/$/)
  await fetch(`${url}/notes?token=s3`)
  await fetch(`${url}/fails`)
  await fetch(`${url}/nowhere`)
  const [notes, fails, nowhere, ...more] = await terminal.printed(3)
  t.match(notes, /^\d\d:\d\d:\d\d\.\d{3} {2}GET {2}\/notes\?token=\*\*\* {2}200 {2}writer {2}1 statement {2}[\d.]+ of [\d.]+ ms$/)
  t.match(fails, / {2}GET {2}\/fails {2}500 {2}writer {2}1 statement {2}.* ms {2}\(1 failed\)$/)
  t.match(nowhere, / {2}GET {2}\/nowhere {2}404 {2}- {2}0 statements {2}/)
  t.strictSame(more, [])
  t.equal(await terminal.end(), 0)
})

t.test('as JSON, and by the path of the panel', async (t) => {
  const { url } = await serve(t)
  const terminal = new Terminal(t, '--json', `${url.replace('http://', '')}/_sqlassist/`)
  await terminal.said(/Connected/)
  await fetch(`${url}/notes`)
  const [line] = await terminal.printed(1)
  t.match(JSON.parse(line!), { url: '/notes', statusCode: 200, engines: [{ name: 'writer', status: 'END' }, { name: 'reader', status: 'INIT' }], statements: 1 })
})

t.test('it waits for an application that goes away and comes back', async (t) => {
  const port = await freePort()
  const first = await serve(t, port)
  const terminal = new Terminal(t, first.url)
  await terminal.said(/Connected to/)
  await first.app.close()
  await terminal.said(/has gone away; waiting/)
  await serve(t, port)
  await terminal.said(/Connected again/)
  await fetch(`${first.url}/notes`)
  t.match(await terminal.printed(1), [/\/notes/])
  t.equal(await terminal.end(), 0)
})

t.test('it ends while it waits', async (t) => {
  const { app, url } = await serve(t)
  const terminal = new Terminal(t, url)
  await terminal.said(/Connected/)
  await app.close()
  await terminal.said(/gone away/)
  t.equal(await terminal.end(), 0)
})

t.test('where there is no panel, it says what to do', async (t) => {
  const failing = async (url: string): Promise<string> => {
    const terminal = new Terminal(t, url)
    t.equal(await terminal.ended, 1)
    t.ok(terminal.words.includes('SQLASSIST_PANEL_UNREACHABLE'))
    return terminal.words
  }
  t.match(await failing(`http://127.0.0.1:${await freePort()}`), /ECONNREFUSED\. Is the application running\?/)

  const bare = Fastify()
  t.teardown(async () => await bare.close())
  await bare.register(sqlassist, { engines: { writer: { config: configOf(database) } } })
  bare.get('/_html/api/live', async (_request, reply) => await reply.type('text/html').send('<p>hello'))
  t.match(await failing(await bare.listen({ port: 0, host: '127.0.0.1' })), /answers 404\. Register fastify-sqlassist\/debug/)
  t.match(await failing(`http://127.0.0.1:${(bare.server.address() as AddressInfo).port}/_html`), /answers 200\. Register fastify-sqlassist\/debug/)

  const { app } = await serve(t)
  app.server.close()
  const refusing = createServer((_request, response) => response.writeHead(403).end(JSON.stringify({ error: { message: 'not from there' } }))).listen(0, '127.0.0.1')
  await once(refusing, 'listening')
  t.teardown(() => refusing.close())
  t.match(await failing(`http://127.0.0.1:${(refusing.address() as AddressInfo).port}`), /answers 403: not from there/)
  const broken = createServer((_request, response) => response.writeHead(500).end('oh')).listen(0, '127.0.0.1')
  await once(broken, 'listening')
  t.teardown(() => broken.close())
  t.match(await failing(`http://127.0.0.1:${(broken.address() as AddressInfo).port}`), /answers 500\. \[/)
})

t.test('mistakes on the command line', async (t) => {
  for (const [args, words] of [[[], /Which application\?/], [['http://a', 'b'], /'b' is too much/], [['ftp://a'], /no URL such as/], [['http://[x'], /no URL such as/], [['http://a', '--nothing'], /--nothing/]] as const) {
    const terminal = new Terminal(t, ...args)
    t.equal(await terminal.ended, 2)
    t.match(terminal.words, words)
  }
  const help = new Terminal(t, '--help')
  t.equal(await help.ended, 0)
  t.match((await help.printed(1))[0], /Usage: fastify-sqlassist tail/)
})

t.test('what a terminal would obey is written out', async (t) => {
  const request = {
    id: 1, method: 'GET', url: '/\u001b[2J\u009b\u202e', state: 'left', statusCode: null, startedAt: '2026-01-01T00:00:00.000Z', durationMs: null, engines: [{ name: 'writer', status: 'START', notClosed: true }],
    statements: 3, sqlMs: 12.3, slow: 2, failed: 0, nPlusOne: true, transaction: 'aborted',
  } as const
  t.match(tailLine(request), /GET {2}\/\\u\{1b\}\[2J\\u\{9b\}\\u\{202e\} {2}left {2}writer {2}3 statements {2}12 of 0\.0 ms {2}\(aborted, N\+1, 2 slow, writer not closed\)$/)
})
