// All replicas are paused: whoever has just written reads from the writer, after waiting no longer than was said.
import { Times } from '../../soak/times.ts'
import { Client } from '../client.ts'
import { COUNTER } from '../service/item.ts'
import { Sources } from '../sources.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'

const CLIENTS = 4
/** The rows that they write. */
const FIRST_ID = 100

export interface Sticky {
  /** Beyond the budget; below it where nobody waited. */
  readonly over: Times
  /** What a timer of the budget's length takes beyond that: all that the process is late by itself. */
  readonly timer: Times
  /** The same, and a read of the writer. */
  readonly control: Times
  readonly sources: Sources
  readonly stale: number
  readonly errors: number
}

/** @param size - how many pairs of a write and a read, and how many controls of each kind */
export async function stickyReads(cluster: ReplicatedCluster, ports: readonly number[], size: number, replicaWaitMs: number): Promise<Sticky> {
  const [over, timer, control, sources] = [new Times(), new Times(), new Times(), new Sources(cluster)]
  let [left, stale, errors] = [size, 0, 0]
  await Promise.all(Array.from({ length: CLIENTS }, async (_, number) => {
    const client = new Client()
    for (let value = 1; left-- > 0; value++) {
      const port = (n: number): number => ports[(value + n) % ports.length]!
      const writing = { id: FIRST_ID + number, value, isNew: false }
      if ((await client.write(port(0), 'raw', writing)).status !== 200) errors++ // which makes the row where there is none
      const read = await client.read(port(1), 'session', { id: writing.id })
      if (read.status !== 200) errors++
      if (read.reads[0]?.value !== value) stale++
      sources.add(read)
      over.add((read.reads[0]?.tookMs ?? Infinity) - replicaWaitMs)
      for (const [times, path] of [[timer, '/timer'], [control, `/control?id=${COUNTER}`]] as const) {
        const waited = await client.ask(port(1), 'GET', path)
        times.add((waited.reads[0]?.tookMs ?? Infinity) - replicaWaitMs)
      }
    }
    client.close()
  }))
  return { over, timer, control, sources, stale, errors }
}
