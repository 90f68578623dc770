import { request } from '../harness/load.ts'
import { measureInRounds } from '../harness/rounds.ts'
import type { Variant } from '../harness/variant.ts'
import type { Target } from '../report/report.ts'
import { noiseOf, servedPlot, servedTable, timesAsFast } from '../report/served.ts'
import { chosen } from './chosen.ts'
import type { Question } from './question.ts'
import * as v from './variants.ts'

const VARIANTS: readonly Variant[] = [
  v.pgPipelined,
  { ...v.pgNamed, words: 'pg, one named INSERT, committed by itself' },
  { ...v.pg, words: 'pg, BEGIN, INSERT, COMMIT' },
  v.postgres, v.drizzlePrepared, v.kysely, v.drizzle, v.typeorm, v.fork, v.forkAgain, v.requestContext,
  v.ours('persist-and-flush', 'ours, persistAndFlush', { way: 'writer' }),
  v.ours('persist-and-flush-off', 'ours, persistAndFlush, every switch off', { way: 'writer', options: v.OFF }),
  v.ours('logger', 'ours, persistAndFlush, autocommit', { way: 'logger' }),
  v.ours('logger-batch', 'ours, persistAndFlush, autocommit and batch', { way: 'logger', options: { autocommit: true, batch: {} } }),
]

const requests = Array.from({ length: 100 }, (_, index) => request('POST', '/write', { text: `Note ${index}, of the length that a line of an audit has` }))

export const question: Question = {
  name: 'one-write',
  title: 'One write',
  needsPeers: true,
  measure: async (stage) => await measureInRounds(stage, chosen(stage, VARIANTS), { requests, sql: 'truncate note' }),
  conclude(samples) {
    const noise = noiseOf(samples, 'fork', 'fork-again')
    const target = (words: string, atLeast: number, variant: string, as: string): Target => ({ words, atLeast, seen: timesAsFast(samples, variant, as), noise })
    return {
      text: 'One INSERT, whose key is answered. With MikroORM and TypeORM the unit of work or `save` does it, in a transaction; Kysely and Drizzle in the transaction of their documentation.',
      tables: [servedTable(samples, VARIANTS, ['fork', 'pg'])],
      plots: [servedPlot(samples, VARIANTS, 'fork', { name: 'bench-one-write', title: 'One INSERT' })],
      targets: [
        target('`persistAndFlush`, to `persist().flush()` by hand', 1.5, 'persist-and-flush', 'fork'),
        ...['typeorm', 'drizzle', 'kysely'].map((peer) => target(`\`persistAndFlush\`, to ${VARIANTS.find(({ name }) => name === peer)!.words}`, 1, 'persist-and-flush', peer)),
        target('the batching logger, to `persist().flush()` by hand', 5, 'logger-batch', 'fork'),
      ],
    }
  },
}
