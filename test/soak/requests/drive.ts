// Requests in portions: after each of them everything comes to rest, and the heap is measured.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clients } from './clients.ts'
import { Heap } from './heap.ts'

const CONCURRENCY = 24

/** What is driven, and how far. */
interface Drive {
  readonly clients: Clients
  readonly size: number
  readonly portions: number
  /** Whether nothing is at work any more. */
  readonly quiet: () => Promise<boolean>
  readonly say: (text: string) => void
}

export interface Driven {
  readonly heap: Heap
  readonly seconds: number
  /** The longest time from the last answer of a portion until everything was at rest, in ms. */
  readonly restMs: number
}

export async function drive({ clients, size, portions, quiet, say }: Drive): Promise<Driven> {
  const heap = new Heap()
  const started = performance.now()
  let restMs = 0
  for (let portion = 1; portion <= portions; portion++) {
    const target = Math.round((size * portion) / portions)
    await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
      while (clients.requests < target) await clients.next()
    }))
    restMs = Math.max(restMs, await timeUntil(quiet))
    await heap.sample(clients.requests)
    if (portion % Math.max(Math.floor(portions / 10), 1) === 0) say(`${clients.requests} requests`)
  }
  return { heap, seconds: (performance.now() - started) / 1000, restMs }
}

/** How long it takes until something is true, in ms; gives up after 10 s. */
export async function timeUntil(condition: () => Promise<boolean>): Promise<number> {
  const started = performance.now()
  while (!(await condition()) && performance.now() - started < 10_000) await sleep(10)
  return performance.now() - started
}
