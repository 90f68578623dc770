// Backends that are killed under load: no slot of a pool may go with them.
import { setTimeout as sleep } from 'node:timers/promises'
import { Database } from '../database.ts'
import type { Part } from '../part.ts'
import { Clients } from '../requests/clients.ts'
import { timeUntil } from '../requests/drive.ts'
import { promiseAudit, promisePools } from '../requests/promises.ts'
import { POOL_MAX, startService } from '../requests/service.ts'
import { fullSet } from './full-set.ts'
import { Killer } from './killer.ts'

const CONCURRENCY = 24
const CLOSE_MS = 2000

/** What a handler of the service throws by itself. */
const ON_PURPOSE = 'thrown on purpose'

export const kills: Part = {
  name: 'kills',
  title: 'Backends killed under load',
  help: 'backends that are ended by pg_terminate_backend under the same requests',
  async run({ server, random, report, size, patience, pipeline, say }) {
    const database = await Database.create(server.url)
    const service = await startService(database.url, pipeline)
    const clients = new Clients(service, random)
    const killer = new Killer(database)
    const load = Array.from({ length: CONCURRENCY }, async () => {
      while (killer.killed < size) await clients.next()
    })
    for (let next = size / 10; killer.killed < size; ) {
      await sleep(random.below(10))
      await killer.next()
      if (killer.killed < next) continue
      say(`${killer.killed} killed, ${clients.requests} requests`)
      next += size / 10
    }
    await Promise.all(load)
    clients.close()
    const restMs = await timeUntil(async () => service.quiet() && (await database.idleInTransaction()) === 0)

    report.figure('killed, beside so many requests', `${killer.killed}, ${clients.requests}`)
    report.tally('killed while', killer.doing)
    report.tally('errors', clients.errors)
    const strangers = [...clients.errors.keys()].filter((error) => !/ SQLASSIST_/.test(error) && !error.endsWith(ON_PURPOSE))
    report.promise('every failure has a code of ours', strangers.length === 0, strangers.length === 0 ? 'yes' : strangers.join(', '))
    report.promise('nothing idle in transaction, idle = total, waiting = 0 within 1 s of the last answer', restMs < 1000 * patience, `${Math.round(restMs)} ms`)
    promisePools(report, service)
    for (const engine of ['writer', 'reader'] as const) {
      const got = await fullSet(service.sqlassist, engine)
      report.promise(`${engine}: connections that can be held at the same time = ${POOL_MAX}`, got === POOL_MAX, got)
    }
    await promiseAudit(report, clients.ledger, database)
    const started = performance.now()
    await service.close()
    const closeMs = performance.now() - started
    report.promise(`close() < ${CLOSE_MS} ms`, closeMs < CLOSE_MS * patience, `${Math.round(closeMs)} ms`)
    const left = await database.connectionsLeft()
    report.promise('connections after close() = 0', left === 0, left)
    await database.drop()
  },
}
