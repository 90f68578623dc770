// kill -9 at each of the six points of the protocol: after one recovery all databases agree, and nothing is prepared. More of the same in
// `npm run torture -- --only two-phase`.
import t from 'tap'
import { statementGate } from '../../../support/statement-gate.ts'
import { serverUrl } from '../../../support/databases.ts'
import { FULL } from '../../../support/size.ts'
import { killAt, noSpare, NOTHING, POINTS } from './fixtures/crash.ts'
import { towns } from './fixtures/towns.ts'

t.teardown(noSpare)

/** Between the preparations, and between the commits: with a third database there is more to be between. The torture tries all. */
const BETWEEN: ReadonlySet<number> = new Set([1, 4])

for (const count of FULL ? [2, 3] : [2]) {
  t.test(`${count} databases`, async (t) => {
    const all = await towns(t, count)
    const db = await all.assist()
    await db.recover()
    const gate = await statementGate(t, serverUrl())
    for (const [index, { name: point, stop, kept, left }] of POINTS.entries()) {
      if (count === 3 && !BETWEEN.has(index)) continue
      await t.test(`killed: ${point}`, async (t) => {
        const name = `Ada ${index}`
        await killAt(gate, stop(count), all, { write: name })
        t.equal((await all.prepared()).length, left(count), 'it was killed there')
        const report = await db.recover()
        t.equal(report.committed.length + report.rolledBack.length, left(count))
        t.strictSame((await all.saved()).map((names) => names.includes(name)), all.urls.map(() => kept))
        t.strictSame(await all.prepared(), [])
        t.notOk((await all.records()).some(({ decision }) => decision === 'commit'), 'the record is gone')
        t.strictSame({ ...report, committed: [], rolledBack: [] }, NOTHING)
      })
    }
    for (const decided of count === 3 ? [] : FULL ? [false, true] : [true]) {
      const what = decided ? 'commit prepared' : 'rollback prepared'
      for (const answer of [false, true]) {
        await t.test(`and recovery killed at ${what}, ${answer ? 'after' : 'before'} it was done`, async (t) => {
          const name = `Bruno ${decided} ${answer}`
          await killAt(gate, POINTS[decided ? 3 : 2]!.stop(count), all, { write: name })
          await killAt(gate, { text: what, answer }, all, {})
          await db.recover()
          t.strictSame((await all.saved()).map((names) => names.includes(name)), all.urls.map(() => decided))
          t.strictSame(await all.prepared(), [])
        })
      }
    }
  })
}
