// npm run soak:cancel: clients that leave beside clients that stay, on a pool of five. What runs for those who leave is stopped, and nothing
// else ever is.
import { setTimeout as sleep } from 'node:timers/promises'
import { Clients } from './cancellation/clients.ts'
import { POOL_MAX, type Service, startService } from './cancellation/service.ts'
import { Database } from './database.ts'
import { readOptions } from './options.ts'
import type { Part, Scene } from './part.ts'
import { Random } from './random.ts'
import { Report } from './report.ts'
import { timeUntil } from './requests/drive.ts'
import { Server } from './server.ts'
import { Times } from './times.ts'

const CONCURRENCY = 24
const QUIET_SAMPLES = 200
const STOPPED_WITHIN_MS = 100

const cancellation: Part = {
  name: 'requests',
  title: 'Clients that leave, and clients that stay',
  help: 'requests whose client leaves, and as many whose client stays',
  async run({ server, random, report, size, patience, say }) {
    const database = await Database.create(server.url)
    const clients = new Clients(random)
    const service = await startService(database.url, clients)
    clients.port = service.port
    await load(clients, random, size, say)
    const restMs = await timeUntil(async () => atRest(service) && (await database.idleInTransaction()) === 0)

    report.promise('requests that were answered, and requests whose client left', clients.answered >= size && clients.left >= size, `${clients.answered}, ${clients.left}`)
    report.promise('wrong answers and errors of those who stayed = 0', clients.wrong.length === 0, [clients.wrong.length, ...clients.wrong.slice(0, 3)].join('; '))
    report.tally('handlers of those who left, after they had', clients.ends)
    report.figure('requests to cancel', service.counts.cancelled)
    report.figure('connections made, and destroyed', `${service.counts.connected}, ${service.counts.destroyed}`)
    report.figure('from the leaving to the error in the handler, under load', clients.delays)
    report.promise('nothing idle in transaction, idle = total, waiting = 0', restMs < 1000 * patience, `after ${Math.round(restMs)} ms: ${JSON.stringify(service.db.stats()['writer']!.pool)}`)
    const halves = await database.count(`(select text from line where text like 'pair %' group by text having count(*) <> 2) x`)
    report.promise('transactions that were saved by halves = 0', halves === 0, `${halves} of ${(await database.count(`line where text like 'pair %'`)) / 2}`)

    const delays = await onAQuietMachine(clients, database)
    report.promise(`from the leaving to the end of the statement, on a quiet machine < ${STOPPED_WITHIN_MS} ms`, delays.max < STOPPED_WITHIN_MS * patience, `${delays.toString()} (${delays.size} times)`)
    clients.close()
    await service.app.close()
    const left = await database.connectionsLeft()
    report.promise('connections after close() = 0', left === 0, left)
    await database.drop()
  },
}

async function load(clients: Clients, random: Random, size: number, say: Scene['say']): Promise<void> {
  let next = size / 5
  const lane = async (): Promise<void> => {
    while (clients.answered < size || clients.left < size) {
      await (clients.left >= size || (clients.answered < size && random.chance(0.5)) ? clients.stay() : clients.leave())
      if (clients.answered < next) continue
      next += size / 5
      say(`${clients.answered} answered, ${clients.left} left`)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
}

function atRest({ db }: Service): boolean {
  const { pool, sessions } = db.stats()['writer']!
  return sessions.open === 0 && pool !== null && pool.idle === pool.total && pool.waiting === 0 && pool.total <= POOL_MAX
}

/** One client at a time; the time is that of the handler's error, which is the server's answer to the statement. */
async function onAQuietMachine(clients: Clients, database: Database): Promise<Times> {
  const delays = new Times()
  const running = `pg_stat_activity where datname = current_database() and state = 'active' and query like 'select pg_sleep(600)%'`
  for (let sample = 0; sample < QUIET_SAMPLES; sample++) {
    const moment = Promise.withResolvers<void>()
    const left = clients.leaveWhen(async () => await moment.promise, 'execute', 600)
    while ((await database.count(running)) === 0) await sleep(1)
    await sleep(2) // so that nothing of ours is at work
    moment.resolve()
    delays.add((await (await left).told)!)
  }
  return delays
}

const { seed, patience, sizes } = readOptions('soak:cancel', [cancellation], { requests: 10_000 })
const uncaught: unknown[] = []
process.on('unhandledRejection', (reason) => uncaught.push(reason))
process.on('uncaughtException', (error) => uncaught.push(error))
console.log(`soak:cancel: seed ${seed}, ${sizes.get('requests')} requests of each kind, ${CONCURRENCY} at a time, pool of ${POOL_MAX}`)
const server = await Server.start()
process.once('SIGINT', () => void server.stop().finally(() => process.exit(130)))
const report = new Report(cancellation.title)
const say = (text: string): void => console.log(`   ${text}`)
try {
  await cancellation.run({ server, random: new Random(seed), report, size: sizes.get('requests')!, patience, pipeline: false, say })
} catch (error) {
  console.error(error)
  report.promise('it comes to its end', false, (error as Error).message)
}
await server.stop()
for (const reason of uncaught.slice(0, 3)) console.error(reason)
report.promise('unhandled rejections and uncaught exceptions = 0', uncaught.length === 0, uncaught.length)
console.log(`\n${report.toString()}`)
process.exit(report.broken.length === 0 ? 0 : 1)
