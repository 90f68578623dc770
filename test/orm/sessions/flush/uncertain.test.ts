// A flush of one statement is committed by it: where its answer is lost, nobody can tell.
import { setTimeout as sleep } from 'node:timers/promises'
import { defineConfig } from '@mikro-orm/postgresql'
import t, { type Test } from 'tap'
import { asSuperuser } from '../../../support/databases.ts'
import { tcpProxy, type TcpProxy } from '../../../support/tcp-proxy.ts'
import { errorOf } from '../../engines/library.ts'
import type { Session } from 'fastify-sqlassist/orm'
import { assist, postgres } from '../fixtures/engines.ts'
import { Author, library } from '../fixtures/library.ts'

/** The two ways to one statement: that of a new entity, and the general one. */
const WAYS = {
  insert: async (session: Session): Promise<void> => await session.persistAndFlush(new Author('Ada')),
  update: async (session: Session): Promise<void> => {
    const author = await session.findOneOrFail(Author, 1)
    author.name = 'Ada'
    await session.flush()
  },
}

interface Scene {
  readonly proxy: TcpProxy
  readonly sessions: ReturnType<Awaited<ReturnType<typeof assist>>['session']>
  readonly session: Session
  /** Resolves when the statement runs. */
  running(): Promise<void>
  saved(): Promise<boolean>
  ask(sql: string): Promise<unknown>
}

async function scene(t: Test, seconds = 0.3): Promise<Scene> {
  const database = await postgres(t)
  const { clientUrl } = database.config() as { clientUrl: string }
  await asSuperuser(clientUrl, `insert into author (name) values ('Zoe');
    create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(${seconds}); return null; end $$;
    create trigger slow after insert or update on author for each row execute function slow()`)
  const proxy = await tcpProxy(t, clientUrl)
  const db = await assist(t, { writer: { config: defineConfig({ clientUrl: proxy.url, entities: library }) } })
  const sessions = db.session()
  await (sessions.writer as Session).count(Author)
  const ask = async (sql: string): Promise<{ n: number }[]> => await asSuperuser(clientUrl, sql)
  return {
    proxy,
    sessions,
    session: sessions.writer,
    ask,
    running: async () => {
      while ((await ask(`select count(*)::int n from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`))[0]!.n === 0) await sleep(5)
    },
    saved: async () => (await ask(`select count(*)::int n from author where name = 'Ada'`))[0]!.n === 1,
  }
}

for (const [name, write] of Object.entries(WAYS)) {
  t.test(`${name}: it was done, and the answer is lost`, async (t) => {
    const { proxy, session, running, saved } = await scene(t)
    const flush = errorOf(async () => await write(session))
    await running()
    proxy.freeze('answers')
    while (!(await saved())) await sleep(5)
    proxy.cut()
    t.match(await flush, { name: 'CommitOutcomeUnknownError', code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN', statusCode: 503 })
    t.equal(await saved(), true)
  })

  t.test(`${name}: it was not done, and nobody can know`, async (t) => {
    const { session, running, saved, ask } = await scene(t)
    const flush = errorOf(async () => await write(session))
    await running()
    await ask(`select count(pg_terminate_backend(pid))::int n from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`)
    t.equal((await flush).code, 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN')
    t.equal(await saved(), false)
  })

  t.test(`${name}: the client leaves: the server says that it has stopped`, async (t) => {
    const { sessions, session, running, saved } = await scene(t, 60)
    const flush = errorOf(async () => await write(session))
    await running()
    await sessions.close({ aborted: true, stop: true })
    t.equal((await flush).code, 'SQLASSIST_SESSION_CLOSED')
    t.equal(await saved(), false)
  })

  t.test(`${name}: the session ends while nobody waits for the flush: it arrives`, async (t) => {
    const { sessions, session, running, saved } = await scene(t)
    const flush = write(session)
    flush.catch(() => {})
    await running()
    await sessions.close()
    t.equal(await saved(), true)
  })

  t.test(`${name}: it was never sent`, async (t) => {
    const { proxy, session, saved, ask } = await scene(t)
    if (name === 'update') await session.findOneOrFail(Author, 1)
    proxy.refuse(true)
    proxy.cut()
    await sleep(20)
    const { code } = await errorOf(async () => await write(session))
    t.match(code, /SQLASSIST_DATABASE_UNAVAILABLE|SQLASSIST_CONNECTION_LOST/)
    t.equal(await saved(), false)
    await ask('select 1 as n')
  })
}
