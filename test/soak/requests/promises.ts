// What must be true after any trouble.
import type { Database } from '../database.ts'
import type { Ledger } from '../ledger.ts'
import type { Report } from '../report.ts'
import { POOL_MAX, type Service } from './service.ts'

/** To be asked when everything is at rest. */
export function promisePools(report: Report, { sqlassist, lives: { created, closed }, sharedMax }: Service): void {
  report.promise('containers created = closed', created === closed && created > 0, `${created} = ${closed}`)
  for (const [engine, { sessions, pool }] of Object.entries(sqlassist.stats())) {
    const { total, idle, waiting, max } = pool!
    report.promise(`${engine}: sessions opened = closed`, sessions.opened === sessions.closed, `${sessions.opened} = ${sessions.closed}`)
    report.promise(`${engine}: pool total <= max`, total <= max && max === POOL_MAX + (engine === 'reader' ? sharedMax : 0), `${total} <= ${max}`)
    report.promise(`${engine}: pool idle = total, waiting = 0`, idle === total && waiting === 0, `${idle} = ${total}, ${waiting}`)
  }
}

/** To be asked when everybody has been answered. */
export async function promiseAudit(report: Report, ledger: Ledger, database: Database): Promise<void> {
  const { saved, lost, refused, ghosts } = await ledger.audit(database)
  report.promise('rows lost of POSTs answered 200 = 0', lost === 0 && saved > 0, `${lost} of ${saved + lost}`)
  report.promise('rows of POSTs answered "nothing was saved" = 0', ghosts === 0, `${ghosts} of ${refused + ghosts}`)
  const stray = await database.count(`line where text in ('forgotten', 'thrown away')`)
  report.promise('rows of transactions that were never committed = 0', stray === 0, stray)
}
