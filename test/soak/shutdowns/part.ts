// A service that is told to end while its clients go on posting.
import { Database } from '../database.ts'
import { Ledger } from '../ledger.ts'
import type { Part } from '../part.ts'
import { promiseAudit } from '../requests/promises.ts'
import { Tally } from '../tally.ts'
import { Times } from '../times.ts'
import { Load } from './load.ts'
import { ServiceProcess } from './process.ts'

const CLOSE_TIMEOUT_MS = 1000
const LATE_MS = 1000

export const shutdowns: Part = {
  name: 'shutdowns',
  title: 'SIGTERM under load',
  help: 'services of their own process that are ended by SIGTERM under load',
  async run({ server, random, report, size, patience, say }) {
    const database = await Database.create(server.url)
    await database.query('create table line (id serial primary key, text text not null)')
    const ledger = new Ledger()
    const answers = new Tally()
    const [quick, slow, lefts] = [new Times(), new Times(), new Tally()]
    const exits = new Tally()
    for (let number = 1; number <= size; number++) {
      const service = await ServiceProcess.start(database.url, CLOSE_TIMEOUT_MS)
      // Every other time there is a request that would not end by itself.
      const sleeps = number % 2 === 0
      const load = new Load(service.port, { random, ledger, answers })
      load.start()
      if (sleeps) load.sleep()
      await load.answered(10 + random.below(100))
      const { ms, code } = await service.terminate()
      await load.stop()
      ;(sleeps ? slow : quick).add(ms)
      exits.add(String(code))
      lefts.add(String(await database.connectionsLeft()))
      if (number % Math.ceil(size / 10) === 0) say(`${number}: ended after ${Math.round(ms)} ms`)
    }
    report.tally('answers', answers)
    report.tally('exit code', exits)
    report.promise('every process has ended by itself, with 0', exits.size === 1 && exits.has('0'), [...exits.keys()].join(', '))
    const limit = CLOSE_TIMEOUT_MS + LATE_MS * patience
    report.promise('end < closeTimeoutMs + 1 s, requests that end in time', quick.max < limit, quick)
    report.promise('end < closeTimeoutMs + 1 s, one that does not', slow.max < limit, slow)
    await promiseAudit(report, ledger, database)
    report.promise('connections left behind = 0', lefts.size === 1 && lefts.has('0'), [...lefts.keys()].join(', '))
    await database.drop()
  },
}
