// The answer to COMMIT is lost, and with it everything that was on its way: a managed transaction has asked for its id before.
import { setTimeout as sleep } from 'node:timers/promises'
import { defineConfig } from '@mikro-orm/postgresql'
import t, { type Test } from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { tcpProxy } from '../../support/tcp-proxy.ts'
import { assist, postgres } from '../sessions/fixtures/engines.ts'
import { Author, library } from '../sessions/fixtures/library.ts'

/** Runs at COMMIT, for long enough to be caught at it. */
const SLOW = `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; end $$;
  create constraint trigger slow after insert on author deferrable initially deferred for each row execute function slow()`

async function scene(t: Test): Promise<{ commit: Promise<void>; committing(): Promise<void>; saved(): Promise<number>; hold(): void; lose(): void; kill(): Promise<void> }> {
  const database = await postgres(t)
  const { clientUrl } = database.config() as { clientUrl: string }
  await asSuperuser(clientUrl, SLOW)
  const proxy = await tcpProxy(t, clientUrl)
  const db = await assist(t, { writer: { config: defineConfig({ clientUrl: proxy.url, entities: library }) }, outside: { config: database.config() } })
  const outside = (db.session() as unknown as { outside: { execute(sql: string): Promise<{ n: number }[]> } }).outside
  const ask = async (sql: string): Promise<number> => (await outside.execute(sql))[0]!.n
  const at = `from pg_stat_activity where datname = current_database() and state = 'active' and query ilike 'commit%'`
  return {
    commit: db.transaction(async ({ writer }) => void writer.persist(new Author('Ada'))),
    committing: async () => {
      while ((await ask(`select count(*)::int n ${at}`)) === 0) await sleep(5)
    },
    saved: async () => await ask('select count(*)::int n from author'),
    hold: () => proxy.freeze('answers'),
    lose: () => proxy.cut(),
    kill: async () => void (await ask(`select count(pg_terminate_backend(pid))::int n ${at}`)),
  }
}

t.test('it was committed: the transaction has succeeded', async (t) => {
  const { commit, committing, saved, hold, lose } = await scene(t)
  await committing()
  const settled = t.resolves(commit)
  hold()
  while ((await saved()) === 0) await sleep(5)
  lose()
  await settled
  t.equal(await saved(), 1)
})

t.test('it was not: nothing was saved, and the error says so', async (t) => {
  const { commit, committing, saved, hold, lose, kill } = await scene(t)
  await committing()
  const settled = t.rejects(commit, { code: 'SQLASSIST_TRANSACTION_ROLLED_BACK' })
  hold()
  await kill()
  lose()
  await settled
  t.equal(await saved(), 0)
})
