import { measureAlternating } from '../harness/alternating.ts'
import { request } from '../harness/load.ts'
import { measureInRounds } from '../harness/rounds.ts'
import type { Variant } from '../harness/variant.ts'
import { alternatingRatio, alternatingTable, pairNoise } from '../report/alternating.ts'
import { servedPlot, servedTable } from '../report/served.ts'
import type { Question } from './question.ts'
import * as v from './variants.ts'

/** In processes of their own: what is there when MikroORM is. */
const APART: readonly Variant[] = [
  { ...v.bare, reference: true },
  { ...v.bare, name: 'bare-again', words: 'the same again', reference: true },
  { ...v.bare, name: 'bare-semi', words: 'bare Fastify, --min-semi-space-size=16', flags: ['--min-semi-space-size=16'] },
  { ...v.bare, name: 'imported-small', words: 'MikroORM imported, small young generation', setting: { way: 'import' }, flags: ['--min-semi-space-size=1', '--max-semi-space-size=1'] },
  { ...v.bare, name: 'bare-small', words: 'bare, small young generation', flags: ['--min-semi-space-size=1', '--max-semi-space-size=1'] },
  { ...v.bare, name: 'imported', words: 'MikroORM imported', setting: { way: 'import' } },
  { ...v.fork, reference: false, name: 'initialised', words: 'MikroORM, 3 initialised', setting: { engines: 3 } },
  v.ours('plugin', 'ours, 3 engines', { engines: 3 }),
]

/** In one process. */
const TOGETHER: readonly Variant[] = [
  { ...v.fork, name: 'together', words: '3 MikroORMs without our plugin', setting: { engines: 3 } },
  { ...v.fork, name: 'together-again', words: 'the same again', setting: { engines: 3 } },
  v.ours('together-plugin', 'the same 3 engines with our plugin', { engines: 3 }),
]

const requests = [request('GET', '/untouched')]

export const question: Question = {
  name: 'untouched',
  title: 'A request that does not touch the database',
  needsPeers: false,
  measure: async (stage) => [
    ...(await measureInRounds(stage, APART, { requests, same: '/untouched' })),
    ...(await measureAlternating(stage, TOGETHER, { requests })),
  ],
  conclude: (samples) => ({
    text: `The first table is of processes that have one application each: what it costs that MikroORM is there at all. The second is of three applications in one process, asked in turn, so that only what differs between them is left: this package.`,
    tables: [servedTable(samples, APART, ['bare']), alternatingTable(samples, TOGETHER)],
    plots: [servedPlot(samples, APART, 'bare', { name: 'bench-untouched', title: 'A request that does not touch the database' })],
    targets: [{ words: 'with this package, to the same engines without it, in one process', atLeast: 0.97, seen: alternatingRatio(samples, 'together-plugin', 'together'), noise: pairNoise(samples, TOGETHER) }],
  }),
}
