// A statement is stopped by a request over a connection of its own, which goes the way that the connections of the pool go.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { postgresDatabase } from '../../support/databases.ts'
import { startPostgres, stopPostgres } from '../../support/postgres-server.ts'
import { CERTIFICATE, turnOnTls } from '../../support/tls.ts'
import { backendOf, eventually, type Lab, lab, outcomeOf } from './fixtures/pool.ts'

/** Has a session end while the server is at work for it; resolves when the session has been told. Its backend may be at work still. */
async function stopSomething({ open, backends }: Lab): Promise<{ pid: number; error: Error & { code?: string } }> {
  const leaving = new AbortController()
  const session = open({ signal: leaving.signal })
  const pid = await backendOf(session.writer)
  const outcome = outcomeOf(session.writer.execute('select pg_sleep(600)'))
  await eventually(async () => (await backends('active')).includes(pid))
  leaving.abort()
  const error = await outcome
  await session.close()
  return { pid, error }
}

t.test('over every kind of connection', async (t) => {
  const sockets = mkdtempSync(join(tmpdir(), 'sqlassist-sockets-'))
  chmodSync(sockets, 0o777) // PostgreSQL may run as another user
  const server = await startPostgres([`unix_socket_directories=${sockets}`])
  t.teardown(async () => {
    await stopPostgres(server)
    rmSync(sockets, { recursive: true })
  })
  await turnOnTls(server.url)
  const ways: Readonly<Record<string, { driverOptions: object; tls: boolean }>> = {
    'TCP': { driverOptions: {}, tls: false },
    'a Unix socket': { driverOptions: { host: sockets }, tls: false },
    'TLS': { driverOptions: { ssl: { rejectUnauthorized: false } }, tls: true },
    'TLS, with a certificate that is checked': { driverOptions: { host: 'localhost', ssl: { ca: CERTIFICATE } }, tls: true },
    'TLS from the first byte': { driverOptions: { ssl: { rejectUnauthorized: false }, sslnegotiation: 'direct' }, tls: true },
  }
  for (const [name, { driverOptions, tls }] of Object.entries(ways)) {
    await t.test(name, async (t) => {
      const bench = await lab(t, server.url, { driverOptions, max: 1 })
      const { pid, error } = await stopSomething(bench)
      t.equal(error.code, 'SQLASSIST_SESSION_CLOSED')
      t.match(error.cause, { code: '57014' }, 'the server has stopped it')
      await using session = bench.open()
      t.equal(await backendOf(session.writer), pid, 'and the connection is used again')
      t.strictSame(await session.writer.execute('select ssl from pg_stat_ssl where pid = pg_backend_pid()'), [{ ssl: tls }])
    })
  }
})

/** A socket that leads somewhere else, or waits before it does. */
class Detour extends Socket {
  readonly #to: () => Promise<number>

  constructor(to: () => Promise<number>) {
    super()
    this.#to = to
  }

  override connect(..._to: unknown[]): this {
    void this.#to().then((port) => super.connect(port, '127.0.0.1'))
    return this
  }
}

/** pg's option for sockets: the first leads to the server, the second is that of the request to cancel. */
function secondSocket(made: () => Socket): { readonly stream: () => Socket; readonly count: () => number } {
  let count = 0
  return { stream: () => (++count === 2 ? made() : new Socket()), count: () => count }
}

async function listening(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

t.test('through the sockets that the application makes', async (t) => {
  const sockets = secondSocket(() => new Socket())
  const bench = await lab(t, await postgresDatabase(t), { driverOptions: { stream: sockets.stream }, max: 1 })
  const { error } = await stopSomething(bench)
  t.match(error.cause, { code: '57014' })
  t.equal(sockets.count(), 2)
})

t.test('where the request does not get through, the connection is destroyed', async (t) => {
  const silent = await listening(t, createServer((socket) => socket.resume().on('error', () => {})))
  const deaf = await listening(t, createServer((socket) => socket.resume().end()))
  const closed = createServer()
  const nobody = await listening(t, closed)
  closed.close()
  const ways: Readonly<Record<string, number>> = {
    'nobody listens': nobody,
    'nobody answers': silent,
    'it is accepted, and nothing follows': deaf,
  }
  for (const [name, port] of Object.entries(ways)) {
    await t.test(name, async (t) => {
      const sockets = secondSocket(() => new Detour(async () => port))
      const bench = await lab(t, await postgresDatabase(t), { driverOptions: { stream: sockets.stream }, max: 1 })
      const { pid, error } = await stopSomething(bench)
      t.equal(error.code, 'SQLASSIST_SESSION_CLOSED')
      t.match(error.cause, { code: 'SQLASSIST_CONNECTION_LOST' })
      await using session = bench.open()
      t.not(await backendOf(session.writer), pid, 'nobody else is given it')
      t.ok((await bench.backends('active')).includes(pid), 'the server is at work on it still')
      await bench.kill(pid)
    })
  }
})

/** A statement that comes to its end before the request to cancel it has got anywhere, which waits for its way. */
async function overtaken(t: Test, url: string): Promise<{ bench: Lab; goOn: () => void; message: string; closed: () => Promise<void> }> {
  const way = Promise.withResolvers<number>()
  const setOut = Promise.withResolvers<void>()
  const sockets = secondSocket(() => new Detour(async () => (setOut.resolve(), await way.promise)))
  const bench = await lab(t, url, { driverOptions: { stream: sockets.stream }, max: 1 })
  await bench.admin.query('select pg_advisory_lock(1)')
  const leaving = new AbortController()
  const session = bench.open({ signal: leaving.signal })
  const outcome = outcomeOf(session.writer.execute('select pg_advisory_xact_lock(1)'))
  await eventually(async () => (await bench.backends('active')).length === 1)
  leaving.abort()
  await setOut.promise
  await bench.admin.query('select pg_advisory_unlock(1)')
  const { message } = await outcome
  return { bench, goOn: () => way.resolve(Number(new URL(url).port)), message, closed: async () => await session.close() }
}

t.test('nobody is given a connection while a request to cancel is on its way', async (t) => {
  const url = await postgresDatabase(t)
  let it = await overtaken(t, url)
  // A request to cancel has half a second. On a machine that stands still for so long it is given up first, and nothing is overtaken.
  for (let again = 0; again < 5 && it.message !== 'there was no error'; again++) {
    it.goOn()
    await it.closed()
    it = await overtaken(t, url)
  }
  t.equal(it.message, 'there was no error')
  const { open, backends, pool } = it.bench
  await using other = open()
  const answer = other.writer.execute('select 1 one from pg_advisory_xact_lock(1)')
  await eventually(() => pool().waiting === 1)
  t.strictSame(await backends('active'), [], 'whoever comes next waits')
  it.goOn()
  t.strictSame(await answer, [{ one: 1 }], 'and is not stopped')
  await it.closed()
})
