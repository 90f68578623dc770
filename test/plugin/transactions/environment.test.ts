// SQLASSIST_DISABLE_TRANSACTION=1 makes everything manual, and says who had asked for more.
import sqlassist from 'fastify-sqlassist'
import Fastify from 'fastify'
import t from 'tap'
import { sqlite } from '../../orm/sessions/fixtures/engines.ts'
import { Author } from '../../orm/sessions/fixtures/library.ts'
import { sessionsOf, shop } from './fixtures/shop.ts'

t.test('the environment forces manual, with a warning that names the routes', async (t) => {
  process.env['SQLASSIST_DISABLE_TRANSACTION'] = '1'
  t.teardown(() => delete process.env['SQLASSIST_DISABLE_TRANSACTION'])
  const { app, lines, saved } = await shop(t, await sqlite(t), await sqlite(t))
  app.post('/orders', { config: { sqlassist: { retry: { attempts: 3 } } } }, async (request) => {
    await sessionsOf(request).paris.persistAndFlush(new Author('kept at once'))
    throw new Error('after the flush')
  })
  app.post('/by-hand', { config: { sqlassist: { transaction: 'manual' } } }, async (request) => {
    const { paris, transaction } = sessionsOf(request)
    await transaction.begin()
    await paris.persistAndFlush(new Author('by hand'))
    await transaction.commit()
    return { ok: true }
  })
  t.equal((await app.inject({ method: 'POST', url: '/orders' })).statusCode, 500)
  t.equal((await app.inject({ method: 'POST', url: '/by-hand' })).statusCode, 200)
  t.strictSame(await saved(), { paris: ['by hand', 'kept at once'], rome: [] })
  t.match(lines.filter(({ level }) => level === 40), [{ msg: /SQLASSIST_DISABLE_TRANSACTION is set.*: POST \/orders$/ }])
})

t.test('wrong options are refused when the plugin or the route is registered', async (t) => {
  const databases = [await sqlite(t), await sqlite(t)] as const
  const invalid = { code: 'SQLASSIST_INVALID_OPTIONS' }
  await t.rejects(shop(t, ...databases, { transaction: 'always' as never }), { ...invalid, message: /'transaction' must be 'request' or 'manual'/ })
  await t.rejects(shop(t, ...databases, { retry: { attempts: 0 } }), { ...invalid, message: /'retry.attempts'/ })
  await t.rejects(shop(t, ...databases, { retry: { attempts: 2, tries: 3 } as never }), { ...invalid, message: /'retry.tries' is unknown/ })
  await t.rejects(shop(t, ...databases, { commitVeto: 'no' as never }), { ...invalid, message: /'commitVeto' must be a function/ })
  await t.rejects(shop(t, ...databases, { isolationLevel: 'chaos' as never }), { ...invalid, message: /'isolationLevel' must be one of/ })
  await t.rejects(shop(t, ...databases, { hookTimeoutMs: -1 }), { ...invalid, message: /'hookTimeoutMs'/ })
  await t.rejects(shop(t, ...databases, { snapshot: 1 as never }), { ...invalid, message: /'snapshot'/ })
  await t.rejects(shop(t, ...databases, { recoveryIntervalMs: -1 }), { ...invalid, message: /'recoveryIntervalMs'/ })
  await t.rejects(shop(t, ...databases, { twoPhase: 'yes' as never }), { ...invalid, message: /'twoPhase'/ })
  const { app } = await shop(t, ...databases, { recoveryIntervalMs: 1000 })
  const ready = { sqlassist: app.sqlassist, recoveryIntervalMs: 1000 }
  await t.rejects(async () => await Fastify().register(sqlassist, ready), { ...invalid, message: /'recoveryIntervalMs' goes with 'engines'/ })
  const wrong: [object, RegExp][] = [[{ retry: 3 }, /config.sqlassist of GET \/: retry/], [{ retry: { attempts: 2, backoff: 5 } }, /backoff/], [{ veto: () => true }, /veto/]]
  for (const [config, message] of wrong) t.throws(() => app.get('/', { config: { sqlassist: config } }, async () => 'never'), { ...invalid, message })
})
