import { roundsOf, type Sample } from '../harness/sample.ts'
import { Server } from '../harness/server.ts'
import { median, shuffled } from '../harness/statistics.ts'
import type { Question } from './question.ts'

/** What is started. */
export interface StartUp {
  readonly way: 'bare' | 'by-hand' | 'ours'
  readonly entities: number
  readonly engines: number
  /** Each engine with a naming strategy of its own, so that they cannot share what was discovered. */
  readonly naming?: 'own'
}

const of = (entities: number): [string, StartUp, string][] => [
  [`by-hand-${entities}x3`, { way: 'by-hand', entities, engines: 3 }, `3 MikroORMs by hand, ${entities} entities`],
  [`by-hand-${entities}x1`, { way: 'by-hand', entities, engines: 1 }, `1 MikroORM by hand, ${entities} entities`],
  [`ours-${entities}x3`, { way: 'ours', entities, engines: 3 }, `ours, 3 engines, ${entities} entities`],
  [`ours-${entities}x1`, { way: 'ours', entities, engines: 1 }, `ours, 1 engine, ${entities} entities`],
  [`ours-${entities}x3-own`, { way: 'ours', entities, engines: 3, naming: 'own' }, `ours, 3 engines, ${entities} entities, each with a naming strategy of its own`],
]

const STARTS: readonly (readonly [name: string, start: StartUp, words: string])[] = [
  ['bare', { way: 'bare', entities: 0, engines: 0 }, 'MikroORM loaded, no entities'],
  ['bare-again', { way: 'bare', entities: 0, engines: 0 }, 'the same again'],
  ...of(10),
  ...of(200),
]

export const question: Question = {
  name: 'start-up',
  title: 'Starting',
  needsPeers: false,
  async measure(stage) {
    const samples: Sample[] = []
    const start = async (start: StartUp): Promise<Readonly<Record<'ms' | 'cpuMs', number>>> => {
      const server = await Server.start<Record<'ms' | 'cpuMs', number>>('servers/start-up.ts', { ...start, url: stage.database.url })
      await server.stop()
      return server.begun
    }
    for (const way of ['by-hand', 'ours'] as const) await start({ way, entities: 10, engines: 1 }) // sources are compiled and kept
    for (let repetition = 0; repetition < stage.repetitions; repetition++) {
      for (const [variant, what] of shuffled(STARTS)) {
        const { ms, cpuMs } = await start(what)
        samples.push({ variant, process: `${repetition}`, figures: { ms: [ms], cpuMs: [cpuMs] } })
      }
      stage.tell(`starts ${repetition + 1} of ${stage.repetitions}`)
    }
    return samples
  },
  conclude(samples) {
    const rows = STARTS.flatMap(([name, , words]) => {
      const [ms, cpu] = [roundsOf(samples, name, 'ms').flat(), roundsOf(samples, name, 'cpuMs').flat()]
      return ms.length === 0 ? [] : [[words, median(cpu).toFixed(0), `${Math.min(...cpu).toFixed(0)} to ${Math.max(...cpu).toFixed(0)}`, median(ms).toFixed(0)]]
    })
    return {
      text: 'From the start of the process until Fastify listens, in milliseconds: of CPU time, and as it passes. Sources are compiled already (`NODE_COMPILE_CACHE`): this package is run from its TypeScript here, whose types would have to be stripped first. Engines that agree on their entities discover them once.',
      tables: [{ head: ['', 'CPU, ms', 'its processes', 'ms'], rows }],
      plots: [],
      targets: [],
    }
  },
}
