import { measureAlternating } from '../harness/alternating.ts'
import { request } from '../harness/load.ts'
import { measureInRounds } from '../harness/rounds.ts'
import { fewerProcesses } from '../harness/stage.ts'
import type { Variant } from '../harness/variant.ts'
import { alternatingRatio, alternatingTable, pairNoise } from '../report/alternating.ts'
import { noiseOf, servedPlot, servedTable, timesAsFast } from '../report/served.ts'
import { chosen } from './chosen.ts'
import { readRequests } from './one-read.ts'
import type { Question } from './question.ts'
import * as v from './variants.ts'

const registered = (variant: Variant, engines: number): Variant =>
  ({ ...variant, reference: false, name: `${variant.name}-${engines}`, words: `${variant.words}, ${engines}`, setting: { ...variant.setting, engines } })

/** In one process: the same application with more and more engines. */
const together = (name: string): Variant[] => [
  registered(v.ours(name, 'engines registered'), 1),
  { ...registered(v.ours(name, ''), 1), name: `${name}-again`, words: 'the same again' },
  ...[2, 10, 100].map((engines) => registered(v.ours(name, 'engines registered'), engines)),
]
const READ = together('read')
const UNTOUCHED = together('untouched')

/** In processes of their own. */
const APART: readonly Variant[] = [
  { ...registered(v.fork, 1), reference: true },
  { ...registered(v.fork, 1), name: 'fork-again', words: 'the same again', reference: true },
  registered(v.fork, 100),
  registered(v.requestContext, 1),
  registered(v.requestContext, 100),
  registered(v.ours('find-one', 'ours, findOne'), 100),
  registered(v.ours('find-one-off', 'ours, findOne, every switch off', { options: v.OFF }), 100),
]

export const question: Question = {
  name: 'engines',
  title: 'Engines that are registered and not used',
  needsPeers: false,
  measure: async (stage) => [
    ...(await measureAlternating(stage, READ, { requests: readRequests, same: '/read/7' })),
    ...(await measureAlternating(stage, UNTOUCHED, { requests: [request('GET', '/untouched')] })),
    ...(await measureInRounds(fewerProcesses(stage), chosen(stage, APART), { requests: readRequests, same: '/read/7' })),
  ],
  conclude(samples) {
    const noise = noiseOf(samples, 'fork-1', 'fork-again')
    return {
      text: 'One engine is used, of 1, 2, 10 or 100. The first table is of one read, the second of a request that touches no database: five applications in one process, asked in turn. The third has processes of their own; the other ways of MikroORM are in it.',
      tables: [alternatingTable(samples, READ), alternatingTable(samples, UNTOUCHED), servedTable(samples, APART, ['fork-1'])],
      plots: [servedPlot(samples, APART, 'fork-1', { name: 'bench-engines', title: 'One read, with engines that are not used' })],
      targets: [
        { words: 'one read with 100 engines, to one engine', atLeast: 0.98, seen: alternatingRatio(samples, 'read-100', 'read-1'), noise: pairNoise(samples, READ) },
        { words: 'an untouched request with 100 engines, to one engine', atLeast: 0.98, seen: alternatingRatio(samples, 'untouched-100', 'untouched-1'), noise: pairNoise(samples, UNTOUCHED) },
        { words: 'every switch off, to RequestContext, both with 100', atLeast: 2.5, seen: timesAsFast(samples, 'find-one-off-100', 'request-context-100'), noise },
        { words: '`findOne`, to RequestContext, both with 100', atLeast: 2.5, seen: timesAsFast(samples, 'find-one-100', 'request-context-100'), noise },
      ],
    }
  },
}
