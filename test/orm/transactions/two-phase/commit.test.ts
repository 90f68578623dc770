// Engines with `twoPhase: true`: a transaction over several is prepared on all before it is committed on any.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type Config, sqlite } from '../../sessions/fixtures/engines.ts'
import { Author, Book } from '../../sessions/fixtures/library.ts'
import { NAMES, type Sessions, towns, townsOn } from './fixtures/towns.ts'

/** What was sent to the databases, as far as it ends transactions. */
function listening(): { readonly sent: string[]; readonly config: Config } {
  const sent: string[] = []
  return { sent, config: { debug: ['query'] } as Config }
}

/** The record of what is committed is deleted when the reply is on its way already. */
async function untilForgotten(records: () => Promise<unknown[]>): Promise<void> {
  while ((await records()).length > 0) await sleep(10)
}

for (const count of [2, 3]) {
  t.test(`${count} databases are committed together`, async (t) => {
    const all = await towns(t, count)
    const db = await all.assist()
    const names = NAMES.slice(0, count)
    await db.transaction(async (session: Sessions) => {
      for (const name of names) session[name].persist(new Author('Ada'))
    })
    t.strictSame(await all.saved(), names.map(() => ['Ada']))
    t.strictSame(await all.prepared(), [])
    await untilForgotten(all.records)
    t.strictSame(db.lines.filter(({ level }) => level !== 'debug'), [])
  })
}
