// Commits that fail: by a constraint that is looked at only then, by a backend that is killed at it, by an answer that is lost.
import { setTimeout as sleep } from 'node:timers/promises'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import { Database, OURS } from '../database.ts'
import { Ledger } from '../ledger.ts'
import type { Part } from '../part.ts'
import { timeUntil } from '../requests/drive.ts'
import { Tally } from '../tally.ts'
import { startService } from './service.ts'

const CONCURRENCY = 12

/** Of those that are at their COMMIT. */
const KILL = `select count(*) filter (where pg_terminate_backend(pid))::int n from
  (select pid from pg_stat_activity where ${OURS} and state = 'active' and query ilike 'commit%' order by random() limit 1) victim`

export const commits: Part = {
  name: 'commits',
  title: 'Commits that fail',
  help: 'commits that a deferred constraint refuses, and as many backends that are killed at COMMIT or whose answer to it is lost',
  async run({ server, random, report, size, say }) {
    const database = await Database.create(server.url)
    const proxy = await TcpProxy.start(database.url)
    const service = await startService(database, proxy.url)
    const ledger = new Ledger()
    const [answers, told] = [new Tally(), { refused: 0, unknown: 0 }]
    let [killed, cut, requests] = [0, 0, 0]
    const over = (): boolean => killed + cut >= size && told.refused >= size

    const load = Array.from({ length: CONCURRENCY }, async () => {
      while (!over()) {
        const text = ledger.next()
        const fails = random.below(2) === 0 ? 'yes' : 'no'
        const response = await fetch(`${service.origin}/?${new URLSearchParams({ text, fails }).toString()}`, { method: 'POST' })
        const { code } = (await response.json()) as { code?: string }
        requests++
        ledger.told(text, { status: response.status, code })
        answers.add(`${response.status}${code === undefined ? '' : ` ${code}`}`)
        if (code === '23514') told.refused++
        if (code === 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN') told.unknown++
      }
    })
    for (let next = size / 5; !over(); ) {
      await sleep(random.below(8))
      if (killed + cut >= size) continue
      if (random.below(4) > 0) {
        killed += (await database.query<{ n: number }>(KILL))[0]!.n
      } else {
        // What the server answers is held back for a moment, and lost: of some it is the answer to COMMIT.
        cut += await database.count(`pg_stat_activity where ${OURS} and state = 'active' and query ilike 'commit%'`)
        proxy.freeze('answers')
        await sleep(random.below(8))
        proxy.cut()
      }
      if (killed + cut < next) continue
      say(`${killed} killed, ${cut} cut off at COMMIT, ${told.refused} refused, ${requests} requests`)
      next += size / 5
    }
    await Promise.all(load)
    const restMs = await timeUntil(async () => service.stats().idle === service.stats().total && (await database.idleInTransaction()) === 0)

    report.figure('requests; refused by a constraint at COMMIT; killed at COMMIT; cut off at COMMIT', `${requests}; ${told.refused}; ${killed}; ${cut}`)
    report.tally('answers', answers)
    const { saved, lost, refused, ghosts } = await ledger.audit(database)
    report.promise('rows lost of requests answered 2xx = 0', lost === 0 && saved > 0, `${lost} of ${saved + lost}`)
    report.promise('rows of requests whose failure is known = 0', ghosts === 0 && refused > 0, `${ghosts} of ${refused + ghosts}`)
    report.figure('outcomes that were said to be unknown', told.unknown)
    const strangers = [...answers.keys()].filter((answer) => !/^200$|^500 23514$|^50\d SQLASSIST_/.test(answer))
    report.promise('every other failure has a code of ours', strangers.length === 0, strangers.length === 0 ? 'yes' : strangers.join(', '))
    report.promise('nothing idle in transaction, idle = total', restMs < 5000, `${Math.round(restMs)} ms`)
    await service.close()
    proxy.stop()
    const left = await database.connectionsLeft()
    report.promise('connections after close() = 0', left === 0, left)
    await database.drop()
  },
}
