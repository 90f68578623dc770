// npm start, as a process: what it prints, that it serves, and how it ends.
import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { Program } from '../support/program.ts'
import { dataFolder } from './support.ts'

function start(t: Parameters<typeof dataFolder>[0], folder: string, port = 0): Program {
  return new Program(t, 'docs/example/main.ts', { EXAMPLE_DATA: folder, PORT: String(port) })
}

t.test('it shows what it can do, serves, and closes cleanly on Ctrl-C', async (t) => {
  const folder = dataFolder(t)
  const program = start(t, folder)
  const [, address] = await program.until(/listens on (http:\/\/127\.0\.0\.1:\d+)/)
  await program.until(/Ctrl-C ends it/)
  const tour = program.printed
  t.match(tour, /POST \/groups .*\n {2}-> 201 /, 'a group is made')
  t.match(tour, /POST \/groups\/1\/members .*\n {2}-> 201 /, 'a member is added')
  t.match(tour, /GET \/groups\n {2}-> 200 \n {5}.*"Choir".*"Ada"/, 'both are listed through reader')
  t.match(tour, /POST \/mistake\n {2}-> 500 .*SQLASSIST_READONLY_ENGINE/, 'reader cannot write')
  t.match(tour, /"action":"POST \/mistake","outcome":"500"/, 'the failed request has its audit line')
  t.match(tour, /GET \/status\n {2}-> 200 .*"reader":"START","writer":"INIT"/, 'the status of the engines')

  t.match(await (await fetch(`${address}/groups`)).json(), [{ name: 'Choir', members: [{ name: 'Ada' }] }])

  program.kill('SIGINT')
  t.strictSame(await program.end(), { code: 0, signal: null })
  t.match(program.printed, /SIGINT: closing\nClosed: all sessions ended, all databases closed\.\n$/)
})

t.test('it starts again on the files of its last run, and closes cleanly on SIGTERM', async (t) => {
  const folder = dataFolder(t)
  for (const expected of [/POST \/groups .*\n {2}-> 201 /, /POST \/groups .*\n {2}-> 409 /]) {
    const program = start(t, folder)
    await program.until(/Ctrl-C ends it/)
    t.match(program.printed, expected)
    t.match(program.printed, /GET \/groups\n {2}-> 200 \n {5}.*"Choir".*"Ada"/)
    program.kill('SIGTERM')
    t.strictSame(await program.end(), { code: 0, signal: null })
  }
})

t.test('a port that is taken is no obstacle', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as { port: number }
  const program = start(t, dataFolder(t), port)
  const [, address] = await program.until(/listens on (\S+);/)
  t.match(program.printed, `Port ${port} is taken: trying the next one`)
  t.not(address, `http://127.0.0.1:${port}`)
  await program.until(/Ctrl-C ends it/)
  t.equal((await fetch(`${address}/status`)).status, 200)
})
