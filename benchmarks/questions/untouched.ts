import { measureAlternating } from '../harness/alternating.ts'
import { request } from '../harness/load.ts'
import { measureInRounds } from '../harness/rounds.ts'
import { roundsOf } from '../harness/sample.ts'
import { blocksRatio, type Estimate } from '../harness/statistics.ts'
import type { Variant } from '../harness/variant.ts'
import { digits, interval } from '../report/markdown.ts'
import { servedPlot, servedTable } from '../report/served.ts'
import type { Sample } from '../harness/sample.ts'
import type { Question } from './question.ts'
import * as v from './variants.ts'

/** In processes of their own: what is there when MikroORM is. */
const APART: readonly Variant[] = [
  { ...v.bare, reference: true },
  { ...v.bare, name: 'bare-again', words: 'the same again', reference: true },
  { ...v.bare, name: 'bare-semi', words: 'bare Fastify, --min-semi-space-size=16', flags: ['--min-semi-space-size=16'] },
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

/** How many times as fast one application was as another in the same process. */
export function alternatingRatio(samples: readonly Sample[], variant: string, as: string): Estimate | undefined {
  const [own, others] = [roundsOf(samples, variant, 'cpu'), roundsOf(samples, as, 'cpu')]
  if (own.length === 0 || others.length === 0) return undefined
  return blocksRatio(own.map((blocks, process) => blocks.map((cpu, block) => others[process]![block]! / cpu)))
}

export const question: Question = {
  name: 'untouched',
  title: 'A request that does not touch the database',
  needsPeers: false,
  measure: async (stage) => [
    ...(await measureInRounds(stage, APART, { requests, same: '/untouched' })),
    ...(await measureAlternating(stage, TOGETHER, { requests })),
  ],
  conclude(samples) {
    const again = alternatingRatio(samples, 'together-again', 'together')
    const noise = again === undefined ? '' : `${digits(again.value)} (${interval(again)})`
    return {
      text: 'The first table is of processes that have one application each: what MikroORM\'s being there costs. The second is of three applications in one process, asked in turn, so that only what differs between them is left: our plugin.',
      tables: [servedTable(samples, APART, ['bare']), servedTable(samples, TOGETHER, ['together'])],
      plots: [servedPlot(samples, APART, 'bare', { name: 'bench-untouched', title: 'A request that does not touch the database' })],
      targets: [{ words: 'with our plugin, to the same engines without it, in one process', atLeast: 0.97, seen: alternatingRatio(samples, 'together-plugin', 'together'), noise }],
    }
  },
}
