// twoPhase of engines and of routes: one engine that fails at its end takes the other with it.
import t, { type Test } from 'tap'
import { type Database, postgres } from '../../orm/sessions/fixtures/engines.ts'
import { Author } from '../../orm/sessions/fixtures/library.ts'
import { asSuperuser } from '../../support/databases.ts'
import { sessionsOf, type Shop, shop } from './fixtures/shop.ts'

const LATE = `create function late() returns trigger language plpgsql as $$ begin if new.name = 'late' then raise exception 'too late' using errcode = '23514'; end if; return null; end $$;
  create constraint trigger late after insert on author deferrable initially deferred for each row execute function late()`

/** Two databases whose constraint fails at the end of a transaction, and a route for each wish. */
async function serve(t: Test, twoPhase: boolean, options: object = {}): Promise<Shop> {
  const databases: [Database, Database] = [await postgres(t), await postgres(t)]
  for (const database of databases) await asSuperuser(database.config().clientUrl!, LATE)
  const [paris, rome] = databases
  const engines = { paris: { config: paris.config(), twoPhase }, rome: { config: rome.config(), twoPhase } }
  const served = await shop(t, paris, rome, { engines, recoveryIntervalMs: 0, ...options })
  for (const [url, wish] of Object.entries({ '/unsaid': {}, '/never': { twoPhase: false }, '/always': { twoPhase: true } })) {
    served.app.post<{ Body: { paris: string; rome: string } }>(url, { config: { sqlassist: wish } }, async (request) => {
      const { paris, rome } = sessionsOf(request)
      paris.persist(new Author(request.body.paris))
      await paris.flush()
      rome.persist(new Author(request.body.rome))
      return { ok: true }
    })
  }
  return served
}

const post = async ({ app }: Shop, url: string, inParis: string, inRome: string): Promise<[number, string | undefined]> => {
  const response = await app.inject({ method: 'POST', url, payload: { paris: inParis, rome: inRome } })
  return [response.statusCode, response.json<{ code?: string }>().code]
}

t.test('engines that are marked are committed in two phases, unless the route does not want it', async (t) => {
  const served = await serve(t, true)
  t.strictSame(await post(served, '/unsaid', 'Ada', 'late'), [500, '23514'])
  t.strictSame(await post(served, '/always', 'Bea', 'late'), [500, '23514'])
  t.strictSame(await served.saved(), { paris: [], rome: [] })
  t.strictSame(await post(served, '/never', 'Cora', 'late'), [500, 'SQLASSIST_PARTIAL_COMMIT'])
  t.strictSame(await served.saved(), { paris: ['Cora'], rome: [] }, 'one after the other: the first stays')
  t.strictSame(await post(served, '/unsaid', 'Dora', 'Dario'), [200, undefined])
  t.strictSame(await served.saved(), { paris: ['Cora', 'Dora'], rome: ['Dario'] })
})

t.test('the plugin says it for all routes, the route otherwise', async (t) => {
  const served = await serve(t, true, { twoPhase: false })
  t.strictSame(await post(served, '/unsaid', 'Ada', 'late'), [500, 'SQLASSIST_PARTIAL_COMMIT'])
  t.strictSame(await post(served, '/always', 'Bea', 'late'), [500, '23514'])
  t.strictSame(await served.saved(), { paris: ['Ada'], rome: [] })
})

t.test('a route that insists gets an error and no rows where the engines are not marked', async (t) => {
  const served = await serve(t, false)
  t.strictSame(await post(served, '/always', 'Ada', 'Bruno'), [500, 'SQLASSIST_TWO_PHASE_IMPOSSIBLE'])
  t.strictSame(await served.saved(), { paris: [], rome: [] })
  t.strictSame(await post(served, '/unsaid', 'Bea', 'Dario'), [200, undefined])
})
