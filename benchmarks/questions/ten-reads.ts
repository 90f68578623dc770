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
  v.pgNamed, v.pg, v.postgres, v.drizzlePrepared, v.kysely, v.typeorm, v.fork, v.forkAgain, v.requestContext,
  v.ours('find-one', 'ours, findOne'),
  v.ours('get-by-id', 'ours, getById', { way: 'getById' }),
  v.ours('get-by-id-piped', 'ours, getById, pipeline: true', { way: 'getById', options: { pipeline: true } }),
]

const requests = Array.from({ length: BOOKS - 9 }, (_, index) => request('GET', `/ten/${index + 1}`))

export const question: Question = {
  name: 'ten-reads',
  title: 'Ten reads',
  needsPeers: true,
  measure: async (stage) => await measureInRounds(fewerProcesses(stage), chosen(stage, VARIANTS), { requests, same: '/ten/7' }),
  conclude: (samples) => ({
    text: 'Ten rows by their primary keys, one after the other in the same session, as loops in handlers do it.',
    tables: [servedTable(samples, VARIANTS, ['fork', 'pg'])],
    plots: [servedPlot(samples, VARIANTS, 'fork', { name: 'bench-ten-reads', title: 'Ten reads by primary key' })],
    targets: [],
  }),
}
