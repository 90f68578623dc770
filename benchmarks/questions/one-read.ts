import { BOOKS } from '../harness/database.ts'
import { request } from '../harness/load.ts'
import { measureInRounds } from '../harness/rounds.ts'
import type { Stage } from '../harness/stage.ts'
import type { Variant } from '../harness/variant.ts'
import type { Target } from '../report/report.ts'
import { noiseOf, servedPlot, servedTable, timesAsFast } from '../report/served.ts'
import { chosen } from './chosen.ts'
import type { Question } from './question.ts'
import * as v from './variants.ts'

const VARIANTS: readonly Variant[] = [
  v.pgPipelined, v.pgNamed, v.pg, v.postgres, v.drizzlePrepared, v.kysely, v.drizzle, v.typeorm, v.fork, v.forkAgain, v.requestContext,
  v.ours('find-one', 'ours, findOne'),
  v.ours('get-by-id', 'ours, getById', { way: 'getById' }),
  v.ours('find-one-off', 'ours, findOne, every switch off', { options: v.OFF }),
  v.ours('get-by-id-long', 'ours, getById, fastPath: false', { way: 'getById', options: { fastPath: false } }),
  v.ours('find-one-piped', 'ours, findOne, pipeline: true', { options: { pipeline: true } }),
  v.ours('get-by-id-piped', 'ours, getById, pipeline: true', { way: 'getById', options: { pipeline: true } }),
]

export const readRequests = Array.from({ length: BOOKS }, (_, index) => request('GET', `/read/${index + 1}`))

/** pyramid_sqlassist's share of the hand-written fork, as it was measured before; it is not run here. */
const PYRAMID = 0.32

export const question: Question = {
  name: 'one-read',
  title: 'One read',
  needsPeers: true,
  measure: async (stage: Stage) => await measureInRounds(stage, chosen(stage, VARIANTS), { requests: readRequests, same: '/read/7' }),
  conclude(samples) {
    const noise = noiseOf(samples, 'fork', 'fork-again')
    const target = (words: string, atLeast: number, variant: string, as: string): Target => ({ words, atLeast, seen: timesAsFast(samples, variant, as), noise })
    const best = timesAsFast(samples, 'get-by-id', 'fork')
    return {
      text: 'One row by its primary key, as JSON. `findOne` is `session.findOne(Book, { id })`, `getById` is `Book.getById(session, id)` of `UtilityObject`.',
      tables: [servedTable(samples, VARIANTS, ['fork', 'pg'])],
      plots: [servedPlot(samples, VARIANTS, 'fork', { name: 'bench-one-read', title: 'One read by primary key' })],
      targets: [
        target('every switch off, to the fork by hand', 0.98, 'find-one-off', 'fork'),
        target('every switch off, to RequestContext', 1, 'find-one-off', 'request-context'),
        target('`getById`, to `findOne` of the fork by hand', 1.8, 'get-by-id', 'fork'),
        target('`getById`, to `pg` with a named statement', 0.63, 'get-by-id', 'pg-named'),
        target('`getById` with `pipeline: true`, to the fork by hand', 3, 'get-by-id-piped', 'fork'),
        target('`getById` with `pipeline: true`, to `pg` on a pool', 1.2, 'get-by-id-piped', 'pg'),
        ...['postgres', 'drizzle-prepared', 'kysely', 'drizzle', 'typeorm'].map((peer) => target(`\`getById\` with \`pipeline: true\`, to ${VARIANTS.find(({ name }) => name === peer)!.words}`, 1, 'get-by-id-piped', peer)),
        { words: `\`getById\`, to pyramid_sqlassist (not run here: ${PYRAMID} of the fork by hand)`, atLeast: 5, seen: best && { value: best.value / PYRAMID, from: best.from / PYRAMID, to: best.to / PYRAMID }, noise },
      ],
    }
  },
}
