import { CONNECTIONS, fewerProcesses } from '../harness/stage.ts'
import { measureInRounds } from '../harness/rounds.ts'
import type { Variant } from '../harness/variant.ts'
import { servedTable } from '../report/served.ts'
import { chosen } from './chosen.ts'
import { readRequests } from './one-read.ts'
import type { Question } from './question.ts'
import * as v from './variants.ts'

const SIZES = [2, 10, 20]

const sized = (variant: Variant, pool: number): Variant =>
  ({ ...variant, name: `${variant.name}-${pool}`, words: `${variant.words}, pool of ${pool}`, setting: { ...variant.setting, pool }, reference: variant.reference === true && pool === 10 })

const KINDS = [{ ...v.pg, words: 'pg' }, v.fork, v.ours('find-one', 'ours, findOne'), v.ours('get-by-id', 'ours, getById', { way: 'getById' })]
const again: Variant = { ...sized(v.fork, 10), name: 'fork-again', words: 'the same again' }
const VARIANTS = KINDS.flatMap((kind) => SIZES.flatMap((size) => (kind === v.fork && size === 10 ? [sized(kind, size), again] : [sized(kind, size)])))

export const question: Question = {
  name: 'pool',
  title: 'The size of the pool',
  needsPeers: false,
  measure: async (stage) => await measureInRounds(fewerProcesses(stage), chosen(stage, VARIANTS), { requests: readRequests, same: '/read/7' }),
  conclude: (samples) => ({
    text: `One row by its primary key, asked for over ${CONNECTIONS} connections, with pools of ${SIZES.join(', ')}.`,
    tables: [servedTable(samples, VARIANTS, ['fork-10'])],
    plots: [],
    targets: [],
  }),
}
