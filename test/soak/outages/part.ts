// A server that is restarted, frozen and made to crash, under load.
import { setTimeout as sleep } from 'node:timers/promises'
import { Database } from '../database.ts'
import type { Part } from '../part.ts'
import { promiseAudit } from '../requests/promises.ts'
import { Times } from '../times.ts'
import { Awaits } from './awaits.ts'
import { Load } from './load.ts'
import { portOf, startService } from './service.ts'
import { troubles } from './trouble.ts'

const HEALED_MS = 2000
const CLOSE_MS = 2000

/** What the service says while the database is away. The last is a COMMIT that was answered by nobody and found undone. */
const EXPECTED = /^(?:200$|50[34] SQLASSIST_|500 SQLASSIST_TRANSACTION_ROLLED_BACK)/

export const outages: Part = {
  name: 'outages',
  title: 'Restarts, freezes and crashes of the server',
  help: 'restarts, short and long freezes and crashes of the server under load',
  async run({ server, random, report, size, patience, pipeline, say }) {
    const database = await Database.create(server.url)
    const awaits = new Awaits()
    const app = await startService(database.url, awaits, pipeline)
    const load = new Load(portOf(app), random)
    const kinds = troubles(server, database, random)
    const healing = new Map<string, { readonly first: Times; readonly last: Times }>()
    load.start()
    for (let number = 0; number < size; number++) {
      const { name, happen } = kinds[number % kinds.length]!
      await sleep(200 + random.below(300))
      await happen()
      const { firstWellMs, lastFailureMs } = await load.healed()
      if (!healing.has(name)) healing.set(name, { first: new Times(), last: new Times() })
      healing.get(name)!.first.add(firstWellMs)
      healing.get(name)!.last.add(lastFailureMs)
      say(`${number + 1}: ${name}; back to well after ${Math.round(firstWellMs)} ms, last failure after ${Math.round(lastFailureMs)} ms`)
    }
    await load.stop()

    report.figure('outages, beside so many requests', `${size}, ${load.requests}`)
    report.tally('answers', load.answers)
    const strange = [...load.answers.keys()].filter((answer) => !EXPECTED.test(answer))
    report.promise('every failure is a 503 or 504 with a code of ours', strange.length === 0, strange.length === 0 ? 'yes' : strange.join(', '))
    for (const [name, { first, last }] of healing) {
      report.promise(`${name}: the first request that goes well < ${HEALED_MS} ms after the end`, first.max < HEALED_MS * patience, first)
      report.promise(`${name}: the last failure < ${HEALED_MS} ms after the end`, last.max < HEALED_MS * patience, last)
    }
    awaits.promise(report, patience)
    await promiseAudit(report, load.ledger, database)
    const started = performance.now()
    await app.close()
    const closeMs = performance.now() - started
    report.promise(`close() < ${CLOSE_MS} ms`, closeMs < CLOSE_MS * patience, `${Math.round(closeMs)} ms`)
    const left = await database.connectionsLeft()
    report.promise('connections after close() = 0', left === 0, left)
    await database.drop()
  },
}
