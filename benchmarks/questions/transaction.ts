import { BOOKS } from '../harness/database.ts'
import { request } from '../harness/load.ts'
import { measureInRounds } from '../harness/rounds.ts'
import { fewerProcesses } from '../harness/stage.ts'
import type { Variant } from '../harness/variant.ts'
import { servedPlot, servedTable } from '../report/served.ts'
import { chosen } from './chosen.ts'
import type { Question } from './question.ts'
import * as v from './variants.ts'

const VARIANTS: readonly Variant[] = [
  v.pg, v.postgres, v.drizzle, v.kysely, v.typeorm, v.fork, v.forkAgain, v.requestContext,
  v.ours('request-transaction', `ours, transaction: 'request'`, { way: 'writer' }),
  v.ours('request-transaction-off', `ours, transaction: 'request', every switch off`, { way: 'writer', options: v.OFF }),
]

const requests = Array.from({ length: BOOKS }, (_, index) => request('POST', `/change/${index + 1}`))

export const question: Question = {
  name: 'transaction',
  title: 'A read and a write in a transaction',
  needsPeers: true,
  measure: async (stage) => await measureInRounds(fewerProcesses(stage), chosen(stage, VARIANTS), { requests }),
  conclude: (samples) => ({
    text: 'A row is read by its primary key and changed, in one transaction: that of the request with this package, and that of a callback (`transactional()` and the like) with the others.',
    tables: [servedTable(samples, VARIANTS, ['fork', 'pg'])],
    plots: [servedPlot(samples, VARIANTS, 'fork', { name: 'bench-transaction', title: 'A read and a write in a transaction' })],
    targets: [],
  }),
}
