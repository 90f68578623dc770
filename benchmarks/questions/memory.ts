import { serve, stop } from '../harness/http-server.ts'
import { type Sample, roundsOf } from '../harness/sample.ts'
import { type Estimate, slopeOf } from '../harness/statistics.ts'
import type { Variant } from '../harness/variant.ts'
import { digits, interval } from '../report/markdown.ts'
import { chosen } from './chosen.ts'
import { readRequests } from './one-read.ts'
import type { Question } from './question.ts'
import * as v from './variants.ts'

const VARIANTS: readonly Variant[] = [v.fork, v.ours('find-one', 'ours, findOne'), v.ours('get-by-id', 'ours, getById', { way: 'getById' })]

const PORTIONS = 40

/** What the heap had grown by per request, without the first fifth, in which code is compiled and what is made once is made. */
function slope(samples: readonly Sample[], variant: string): Estimate | undefined {
  const [heap, requests] = [roundsOf(samples, variant, 'heap')[0], roundsOf(samples, variant, 'requests')[0]]
  if (heap === undefined || requests === undefined) return undefined
  return slopeOf(requests.map((x, index) => [x, heap[index]!] as const).slice(heap.length / 5))
}

export const question: Question = {
  name: 'memory',
  title: 'Memory over many requests',
  needsPeers: false,
  async measure(stage) {
    const samples: Sample[] = []
    for (const variant of chosen(stage, VARIANTS)) {
      const [served] = await serve(stage, [variant], readRequests, ['--expose-gc'])
      try {
        const figures = { requests: [] as number[], heap: [] as number[] }
        for (let portion = 1; portion <= PORTIONS; portion++) {
          await served!.load.run({ requests: stage.memoryRequests / PORTIONS })
          figures.requests.push((portion * stage.memoryRequests) / PORTIONS)
          figures.heap.push(await served!.server.ask<number>('heap'))
        }
        samples.push({ variant: variant.name, process: '0', figures })
        stage.tell(variant.words)
      } finally {
        await stop([served!])
      }
    }
    return samples
  },
  conclude(samples) {
    const rows = VARIANTS.flatMap(({ name, words }) => {
      const [heap, requests] = [roundsOf(samples, name, 'heap')[0], roundsOf(samples, name, 'requests')[0]]
      const bytes = slope(samples, name)
      return bytes === undefined ? [] : [[words, String(requests!.at(-1)), (heap!.at(-1)! / 2 ** 20).toFixed(1), digits(bytes.value), interval(bytes)]]
    })
    const [fork, findOne, getById] = VARIANTS.map(({ name }) => slope(samples, name))
    const noise = fork === undefined ? '' : `the fork by hand: ${digits(fork.value)} (${interval(fork)})`
    const over = (own: Estimate | undefined): Estimate | undefined => own && fork && { value: own.value - fork.value, from: own.from - fork.to, to: own.to - fork.from }
    return {
      text: `One read per request; after each ${PORTIONS}th part of them garbage is collected, and the heap that is left looked at. Bytes per request are the slope of a line through these, without the first fifth.`,
      tables: [{ head: ['', 'requests', 'heap in the end, MB', 'bytes per request', '95 % interval'], rows }],
      plots: [],
      targets: [
        { words: '`findOne`, bytes per request', atMost: 5, seen: findOne, noise },
        { words: '`getById`, bytes per request', atMost: 5, seen: getById, noise },
        { words: '`findOne`, bytes per request above the fork by hand', atMost: 0, seen: over(findOne), noise },
        { words: '`getById`, bytes per request above the fork by hand', atMost: 0, seen: over(getById), noise },
      ],
    }
  },
}
