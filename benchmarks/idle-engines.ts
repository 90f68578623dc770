// What does it cost a request that touches no database that the application has engines? Servers of one route each, all alive at the same time: bare Fastify; with
// MikroORM imported; with a MikroORM initialised; with that and this package. Each has its turn in every round; a server counts its own CPU time, that of its
// thread and that of the whole process (V8 collects garbage and compiles on other threads), and what its garbage collector did.
//
//   node --conditions=fastify-sqlassist-source --import=tsx benchmarks/idle-engines.ts [rounds] [flags of node...]
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'

const KINDS = ['bare', 'bare again', 'imported', 'engines', 'sqlassist', 'bare + 40 MB'] as const
type Kind = (typeof KINDS)[number]

interface Report {
  readonly thread: number
  readonly process: number
  readonly collections: number
  readonly collectingMs: number
  readonly youngKb: number
  readonly oldMb: number
}

async function serve(kind: Kind): Promise<void> {
  const { default: Fastify } = await import('fastify')
  const app = Fastify()
  const ballast = kind === 'bare + 40 MB' ? Array.from({ length: 400_000 }, (_, index) => ({ index, text: `text ${index}` })) : []
  if (kind === 'imported' || kind === 'engines' || kind === 'sqlassist') {
    const { defineEntity, MikroORM, p } = await import('@mikro-orm/core')
    const { SqliteDriver } = await import('@mikro-orm/sqlite')
    const Note = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } })
    const config = { driver: SqliteDriver, dbName: ':memory:', entities: [Note] }
    if (kind === 'engines') for (const contextName of ['writer', 'reader', 'logger']) await MikroORM.init({ ...config, contextName })
    if (kind === 'sqlassist') {
      const { default: sqlassist } = await import('fastify-sqlassist')
      await app.register(sqlassist, { engines: Object.fromEntries(['writer', 'reader', 'logger'].map((name) => [name, { config: { ...config, dbName: `${name}.sqlite` } }])) })
    }
  }
  app.get('/', async () => ({ hello: 'world', ballast: ballast.length }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  let collections = 0
  let collectingMs = 0
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      collections++
      collectingMs += duration
    }
  }).observe({ entryTypes: ['gc'] })
  const look = (): Report => {
    const { user, system } = process.threadCpuUsage()
    const whole = process.cpuUsage()
    const space = (name: string): number => getHeapSpaceStatistics().find((each) => each.space_name === name)!.space_size
    return { thread: user + system, process: whole.user + whole.system, collections, collectingMs, youngKb: space('new_space') / 1024, oldMb: space('old_space') / 1024 / 1024 }
  }
  process.on('disconnect', () => process.exit())
  process.on('message', () => process.send!(look()))
  process.send!((app.server.address() as { port: number }).port)
}

async function measure(rounds: number, flags: readonly string[]): Promise<void> {
  const each = 1500
  const servers: { kind: Kind; child: ChildProcess; port: number; agent: Agent; us: number[]; wholeUs: number[]; last: Report; first: Report }[] = []
  for (const kind of KINDS) {
    const child = fork(import.meta.filename, ['--serve', kind], { execArgv: [...process.execArgv, ...flags] })
    const [port] = (await once(child, 'message')) as [number]
    servers.push({ kind, child, port, agent: new Agent({ keepAlive: true, maxSockets: 16 }), us: [], wholeUs: [], last: await ask(child), first: await ask(child) })
  }
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < servers.length; turn++) {
      const server = servers[(turn + round) % servers.length]!
      const before = await ask(server.child)
      await Promise.all(Array.from({ length: 16 }, async () => {
        for (let index = 0; index < each / 16; index++) await request(server.port, server.agent)
      }))
      const after = await ask(server.child)
      if (round === Math.floor(rounds / 4)) server.first = before
      if (round < rounds / 4) continue
      server.us.push((after.thread - before.thread) / each)
      server.wholeUs.push((after.process - before.process) / each)
      server.last = after
    }
  }
  const bare = servers[0]!
  for (const { kind, us, wholeUs, last, first } of servers) {
    const n = us.length * each
    console.log(
      kind.padEnd(14), `${median(us).toFixed(1)} us`.padStart(9), `${median(us.map((value, round) => bare.us[round]! / value)).toFixed(3)} of bare`, `(whole process ${median(wholeUs).toFixed(1)} us, ${median(wholeUs.map((value, round) => bare.wholeUs[round]! / value)).toFixed(3)})`,
      `${((last.collections - first.collections) / n * 1000).toFixed(2)} collections and ${((last.collectingMs - first.collectingMs) / n * 1000).toFixed(2)} ms of it per 1000 requests, young ${last.youngKb.toFixed(0)} KB, old ${last.oldMb.toFixed(1)} MB`,
    )
  }
  for (const { child, agent } of servers) {
    agent.destroy()
    child.kill()
  }
}

async function ask(child: ChildProcess): Promise<Report> {
  child.send('report')
  const [report] = (await once(child, 'message')) as [Report]
  return report
}

const request = async (port: number, agent: Agent): Promise<void> => await new Promise((resolve, reject) => {
  get({ host: '127.0.0.1', port, agent }, (response) => response.resume().on('end', resolve)).on('error', reject)
})

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

const serving = process.argv.indexOf('--serve')
if (serving !== -1) await serve(process.argv[serving + 1] as Kind)
else await measure(Number(process.argv[2] ?? 20), process.argv.slice(3))
