import { roundsOf, type Sample } from '../harness/sample.ts'
import { Server } from '../harness/server.ts'
import { bootstrap, drawn, type Estimate, median } from '../harness/statistics.ts'
import { digits } from '../report/markdown.ts'
import type { Question } from './question.ts'

const WAYS: Readonly<Record<string, string>> = {
  new: 'new EntityManager(...)',
  'new-again': 'the same again',
  fork: 'em.fork()',
  container: 'a container, closed untouched',
  session: 'a container in which a session is opened, closed',
}

/** What a session costs in its container, above a new EntityManager: of each process the medians, of these the median. */
function above(samples: readonly Sample[], figure: string, [one, without, base]: readonly [string, string, string]): Estimate | undefined {
  const medians = (way: string): number[] => roundsOf(samples, way, figure).map(median)
  const [own, container, bare] = [medians(one), medians(without), medians(base)]
  if (own.length === 0) return undefined
  const each = own.map((value, process) => value - container[process]! - bare[process]!)
  return bootstrap(median(each), (random) => median(drawn(each, random)))
}

export const question: Question = {
  name: 'session',
  title: 'Opening and closing a session',
  needsPeers: false,
  async measure(stage) {
    const samples: Sample[] = []
    for (let process = 0; process < stage.processes; process++) {
      const extent = { times: stage.repetitions === 1 ? 200 : 3000, rounds: stage.rounds * 5 }
      const server = await Server.start<string>('servers/session.ts', extent, ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'])
      try {
        const measured = await server.ask<Record<string, Sample['figures']>>('measure')
        for (const [variant, figures] of Object.entries(measured)) samples.push({ variant, process: `${process}`, figures })
      } finally {
        await server.stop()
      }
    }
    return samples
  },
  conclude(samples) {
    const rows = Object.entries(WAYS).flatMap(([name, words]) => {
      const [ns, bytes] = [roundsOf(samples, name, 'ns').map(median), roundsOf(samples, name, 'bytes').map(median)]
      return ns.length === 0 ? [] : [[words, median(ns).toFixed(0), `${Math.min(...ns).toFixed(0)} to ${Math.max(...ns).toFixed(0)}`, median(bytes).toFixed(0)]]
    })
    const pair = (figure: string): string => {
      const [one, again] = ['new', 'new-again'].map((name) => median(roundsOf(samples, name, figure).map(median)))
      return `${digits(one!)} and ${digits(again!)} of an identical pair`
    }
    const costs = ['session', 'container', 'new'] as const
    return {
      text: 'In a loop, without a request around it. What the session costs is the difference of the last two lines; no statement is sent.',
      tables: [{ head: ['', 'CPU, ns', 'its processes', 'bytes'], rows }],
      plots: [],
      targets: [
        { words: 'a session opened and closed, above `new EntityManager`: ns', atMost: 1000, seen: above(samples, 'ns', costs), noise: pair('ns') },
        { words: 'the same: bytes', atMost: 1536, seen: above(samples, 'bytes', costs), noise: pair('bytes') },
      ],
    }
  },
}
