// The options of pools: what they may be, and what they are where nobody says anything.
import { createSqlAssist } from 'fastify-sqlassist/orm'
import t from 'tap'
import { configOf, outcomeOf } from './fixtures/pool.ts'

const config = configOf('postgresql://localhost/nowhere')

const register = async (options: object): Promise<unknown> => {
  await using db = await createSqlAssist({ engines: { writer: { config, ...options } } })
  return db.engineNames
}

const wrong: Record<string, object> = {
  "'engines.writer.limits' must be an object such as { checkoutTimeoutMs: 5000 }": { limits: 5000 },
  "'engines.writer.limits' must be an object": { limits: null },
  "'engines.writer.limits.checkoutTimeout' is unknown; known are checkoutTimeoutMs, maxWaiting, statementTimeoutMs, commitTimeoutMs": { limits: { checkoutTimeout: 1 } },
  "'engines.writer.limits.checkoutTimeoutMs' must be a number of milliseconds between 0 and 2147483647": { limits: { checkoutTimeoutMs: '5000' } },
  "'engines.writer.limits.checkoutTimeoutMs' must be a number": { limits: { checkoutTimeoutMs: Number.NaN } },
  "'engines.writer.limits.checkoutTimeoutMs' must be more than 0: a wait without an end loses its connection": { limits: { checkoutTimeoutMs: 0 } },
  "'engines.writer.limits.commitTimeoutMs' must be more than 0": { limits: { commitTimeoutMs: 0 } },
  "'engines.writer.limits.commitTimeoutMs' must be a number of milliseconds": { limits: { commitTimeoutMs: Infinity } },
  "'engines.writer.limits.statementTimeoutMs' must be a number of milliseconds": { limits: { statementTimeoutMs: -1 } },
  "'engines.writer.limits.statementTimeoutMs' must be a number of milliseconds between": { limits: { statementTimeoutMs: 2 ** 31 } },
  "'engines.writer.limits.maxWaiting' must be a whole number from 0 on": { limits: { maxWaiting: 1.5 } },
  "'engines.writer.limits.maxWaiting' must be a whole number": { limits: { maxWaiting: -1 } },
  "'engines.writer.limits.maxWaiting' must be a whole": { limits: { maxWaiting: '1' } },
  "'engines.writer.resetOnRelease' must be 'transaction' or 'session'": { resetOnRelease: 'all' },
  "'engines.writer.resetOnRelease' must be": { resetOnRelease: true },
}

for (const [message, options] of Object.entries(wrong)) {
  t.test(JSON.stringify(options), async (t) => {
    const error = await outcomeOf(register(options))
    t.match(error, { name: 'InvalidOptionsError', code: 'SQLASSIST_INVALID_OPTIONS', statusCode: 500 })
    t.ok(error.message.startsWith(`Option ${message}`), error.message)
  })
}

t.test('right ones', async (t) => {
  const limits = [{}, { checkoutTimeoutMs: 1, maxWaiting: 0, statementTimeoutMs: 0, commitTimeoutMs: 1 }, { statementTimeoutMs: undefined }, { maxWaiting: undefined }]
  for (const given of limits) t.strictSame(await register({ limits: given }), ['writer'], JSON.stringify(given))
  for (const resetOnRelease of ['transaction', 'session', undefined]) t.strictSame(await register({ resetOnRelease }), ['writer'], String(resetOnRelease))
})
