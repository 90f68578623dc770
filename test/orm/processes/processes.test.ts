// cluster, child processes, worker threads: each makes its own engines, and no two share a connection.
import t from 'tap'
import { asSuperuser, postgresDatabase } from '../../support/databases.ts'
import { ownPostgres } from '../../support/own-postgres.ts'
import { Program } from '../../docs/support/program.ts'
import { disconnected } from '../engines/library.ts'
import type { Backend, Told } from './fixtures/engine.ts'

const url = await postgresDatabase(t)

const sorted = (backends: readonly Backend[]): Backend[] => backends.toSorted((one, other) => one.pid - other.pid)

async function seenByTheServer(): Promise<Backend[]> {
  return sorted(await asSuperuser<Backend>(url, `select pid, client_port as port from pg_stat_activity where datname = current_database() and application_name = 'fastify-sqlassist/writer'`))
}

for (const way of ['fork', 'cluster', 'threads']) {
  t.test(way, async (t) => {
    const program = new Program(t, 'test/orm/processes/fixtures/parent.ts', { TEST_URL: url, TEST_WAY: way })
    const [line] = await program.until(/^\[.*\]$/m)
    const told = JSON.parse(line) as Told[]
    t.strictSame(told.map(({ who }) => who), ['parent, before', 'one', 'two', 'parent, after'])
    for (const { who, backends } of told) t.equal(new Set(backends.map(({ pid }) => pid)).size, 2, `${who} has its two connections`)
    const all = told.flatMap(({ backends }) => backends)
    t.equal(new Set(all.map(({ pid }) => pid)).size, 8, 'no two have one backend')
    t.equal(new Set(all.map(({ port }) => port)).size, 8, 'nor one socket')
    t.strictSame(await seenByTheServer(), sorted(all), 'and the server knows of no others')

    program.kill('SIGUSR2') // go on: end the others
    const [last] = await program.until(/^\{.*\}$/m)
    t.strictSame(sorted((JSON.parse(last) as Told).backends), sorted(told[0]!.backends), 'when they have gone the parent still has its own')
    t.strictSame(await program.end(), { code: 0, signal: null })
    t.ok(await disconnected(url))
  })
}

t.test('what a process had not committed when it crashed is rolled back', async (t) => {
  await asSuperuser(url, 'create table page (words int)')
  for (const signal of ['SIGKILL', 'SIGUSR2'] as const) {
    const program = new Program(t, 'test/orm/processes/fixtures/crasher.ts', { TEST_URL: url })
    await program.until(/ready/)
    t.equal((await seenByTheServer()).length, 1)
    program.kill(signal)
    t.not((await program.end()).code, 0)
    t.ok(await disconnected(url))
    t.strictSame(await asSuperuser(url, 'select * from page'), [])
  }
})

t.test('a process that is to end does so by itself, also when its server is frozen', async (t) => {
  const server = await ownPostgres(t)
  const program = new Program(t, 'test/orm/processes/fixtures/leaver.ts', { TEST_URL: server.url })
  await program.until(/ready/)
  server.freeze()
  program.kill('SIGUSR2')
  t.strictSame(await program.end(), { code: 0, signal: null })
  t.match(program.out, /disposed/)
})
