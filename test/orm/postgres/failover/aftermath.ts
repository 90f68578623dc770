// What must be true of an application after any fault of its database.
import type { Test } from 'tap'
import { asSuperuser } from '../../../support/databases.ts'
import type { Load } from './load.ts'
import { POOL_MAX, type Service, until } from './service.ts'

/** What a client may be told while the database is away: each means that it may try again. */
const MEANWHILE: ReadonlySet<string> = new Set([
  '503 SQLASSIST_DATABASE_UNAVAILABLE', '503 SQLASSIST_CONNECTION_LOST', '503 SQLASSIST_CHECKOUT_TIMEOUT', '503 SQLASSIST_COMMIT_OUTCOME_UNKNOWN',
])

/**
 * Every request has had an answer (a test in which one had none does not come here), the right one, nothing that was answered 200 is
 * lost, and nothing is left behind.
 *
 * @param url - a superuser's of the database
 */
export async function checkAftermath(t: Test, { app, log }: Service, load: Load, url: string): Promise<void> {
  const { 200: good = 0, ...others } = load.summary
  t.ok(good > 0 && Object.keys(others).length > 0, 'the fault was felt')
  t.strictSame(Object.keys(others).filter((answer) => !MEANWHILE.has(answer)), [], 'no other errors than those that say: try again')
  t.strictSame(load.answers.filter(({ status, retryAfter }) => status !== 200 && retryAfter !== '1'), [], 'and they say when')
  const kept = new Set((await asSuperuser<{ text: string }>(url, 'select text from note')).map(({ text }) => text))
  t.strictSame(load.saved.filter((text) => !kept.has(text)), [], `none of ${load.saved.length} notes that were saved is lost`)
  await until(() => Object.values(app.sqlassist.stats()).every(({ pool, sessions }) => sessions.open === 0 && pool!.idle === pool!.total && pool!.waiting === 0))
  for (const [engine, { pool }] of Object.entries(app.sqlassist.stats())) t.ok(pool!.total <= POOL_MAX, `${engine}: ${pool!.total} connections`)
  await until(async () => (await asSuperuser(url, `select from pg_stat_activity where state like 'idle in transaction%'`)).length === 0)
  t.strictSame(log.lines.filter(({ msg }) => /came back inside a transaction/.test(String(msg))), [])
  t.comment(`${load.answers.length} requests: ${JSON.stringify(load.summary)}, slowest ${load.slowestMs} ms`)
}
