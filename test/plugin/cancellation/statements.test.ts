// The client leaves while the database is at work for it: whatever was asked for, and in whichever way, the server stops it.
import t from 'tap'
import { http1 } from './clients.ts'
import { leaveWhile, scene } from './scene.ts'
import { statements } from './statements.ts'

/** These take a connection past the transaction of the session, so that the one around them would change nothing. */
const BESIDE_TRANSACTIONS = /^kysely: a |^getConnection|^getDriver|^a fork/

t.test('a statement by itself', async (t) => {
  const stage = await scene(t)
  for (const [name, statement] of Object.entries(statements)) {
    await t.test(name, async (t) => await leaveWhile(t, stage, http1(), statement))
  }
})

t.test('a statement after begin()', async (t) => {
  const stage = await scene(t)
  for (const [name, statement] of Object.entries(statements).filter(([name]) => !BESIDE_TRANSACTIONS.test(name))) {
    await t.test(name, async (t) => {
      await leaveWhile(t, stage, http1(), async (writer, loot) => {
        await writer.begin()
        await statement(writer, loot)
      })
    })
  }
})

t.test('a statement in transactional()', async (t) => {
  const stage = await scene(t)
  for (const name of ['find', 'flush', 'execute()', 'query builder: getResult()', 'kysely: execute()', 'stream()']) {
    await t.test(name, async (t) => {
      await leaveWhile(t, stage, http1(), async (writer, loot) => await writer.transactional(async (em) => await statements[name]!(em, loot)))
    })
  }
})
