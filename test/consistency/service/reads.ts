// Reading one row again and again, and what was seen.
import { setTimeout as sleep } from 'node:timers/promises'
import type { EntityManager } from '@mikro-orm/postgresql'
import { Item } from './item.ts'

export interface Read {
  /** Of the wall clock, before it. */
  readonly at: number
  /** Null where there was no row. */
  readonly value: number | null
  /** The server that has answered, as it says itself; null where there was no row. */
  readonly port: number | null
  readonly tookMs: number
}

export interface Wanted {
  readonly id: number
  readonly times: number
  /** Between two of them. */
  readonly gapMs: number
}

export async function readItem(em: EntityManager, { id, times, gapMs }: Wanted): Promise<Read[]> {
  const reads: Read[] = []
  for (let n = 0; n < times; n++) {
    if (n > 0 && gapMs > 0) await sleep(gapMs)
    const [at, started] = [Date.now(), performance.now()]
    const item = await em.findOne(Item, id, { refresh: true })
    reads.push({ at, value: item?.value ?? null, port: item?.port ?? null, tookMs: performance.now() - started })
  }
  return reads
}
