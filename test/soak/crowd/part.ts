// More requests at once than a small pool can serve.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { EngineLimits } from 'fastify-sqlassist/orm'
import { Database } from '../database.ts'
import { timeUntil } from '../requests/drive.ts'
import type { Part, Scene } from '../part.ts'
import { crowd } from './crowd.ts'
import { POOL_MAX, startService, Waits } from './service.ts'

const LATE_MS = 1000

/** What the library allows BEGIN, in ms. */
const BEGIN_MS = 2000

/** On average, in % of the line. */
const SKEW = 5

interface Wave {
  readonly name: string
  readonly path: '/one' | '/two'
  readonly limits: EngineLimits
  readonly size: number
}

const waves = (size: number): Wave[] => [
  { name: 'short queue', path: '/one', size, limits: { checkoutTimeoutMs: 5000, maxWaiting: 1000 } },
  { name: 'long queue', path: '/one', size, limits: { checkoutTimeoutMs: 10_000, maxWaiting: 1_000_000 } },
  { name: 'two connections each', path: '/two', size: Math.ceil(size / 100), limits: { checkoutTimeoutMs: 2000, maxWaiting: 1_000_000 } },
]

export const crowds: Part = {
  name: 'crowd',
  title: `Many at once on a pool of ${POOL_MAX}`,
  help: `requests at the same moment on a pool of ${POOL_MAX}`,
  async run(scene) {
    const database = await Database.create(scene.server.url)
    await database.query('create table line (id serial primary key, text text not null)')
    for (const wave of waves(scene.size)) {
      scene.say(`${wave.size}: ${wave.name}`)
      await runWave(wave, database, scene)
    }
    await database.drop()
  },
}

async function runWave({ name, path, limits, size }: Wave, database: Database, { report, patience }: Scene): Promise<void> {
  const waits = new Waits()
  const { app, port } = await startService(database.url, limits, waits)
  const loop = monitorEventLoopDelay()
  loop.enable()
  const answers = await crowd(port, path, size)
  const blockedMs = loop.max / 1e6
  const pool = (): { total: number; idle: number; waiting: number; max: number } => app.sqlassist.stats()['writer']!.pool!
  await timeUntil(async () => pool().idle === pool().total)
  report.tally(`${name}: answers`, answers)
  const answered = [...answers.values()].reduce((sum, count) => sum + count, 0)
  report.promise(`${name}: all are answered`, answered === size, `${answered} of ${size}`)
  const strange = [...answers.keys()].filter((answer) => !/^(?:200$|503 SQLASSIST_)/.test(answer))
  report.promise(`${name}: by 200, or by 503 with a code of ours`, strange.length === 0 && answers.has('200'), strange.join(', ') || 'yes')
  report.figure(`${name}: the process itself was blocked for up to`, `${Math.round(blockedMs)} ms`)
  const limitMs = limits.checkoutTimeoutMs! + LATE_MS * patience + blockedMs // no timer is better than that
  report.promise(`${name}: wait of the served, BEGIN included < ${limits.checkoutTimeoutMs} ms + 2 s + 1 s`, waits.served.max < limitMs + BEGIN_MS, waits.served)
  report.promise(`${name}: wait of the refused < ${limits.checkoutTimeoutMs} ms + 1 s`, waits.refused.max < limitMs, waits.refused)
  if (path === '/one') report.promise(`${name}: served in the order of their coming, skew < ${SKEW} %`, waits.skew < SKEW, `${waits.skew.toFixed(2)} %`)
  const { total, idle, waiting, max } = pool()
  report.promise(`${name}: pool total <= max, idle = total, waiting = 0`, total <= max && max === POOL_MAX && idle === total && waiting === 0, `${total} <= ${max}, ${idle} = ${total}, ${waiting}`)
  await app.close()
}
