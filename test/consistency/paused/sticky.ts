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
  readonly control: Times
  readonly sources: Sources
  readonly stale: number
  readonly errors: number
}

/** @param size - how many pairs of a write and a read, and how many controls */
export async function stickyReads(cluster: ReplicatedCluster, ports: readonly number[], size: number, replicaWaitMs: number): Promise<Sticky> {
  const [over, control, sources] = [new Times(), new Times(), new Sources(cluster)]
  let [left, stale, errors] = [size, 0, 0]
  await Promise.all(Array.from({ length: CLIENTS }, async (_, number) => {
    const client = new Client()
    for (let value = 1; left-- > 0; value++) {
      const port = (n: number): number => ports[(value + n) % ports.length]!
      const writing = { id: FIRST_ID + number, value, isNew: value === 1 }
      if ((await client.write(port(0), 'flush', writing)).status !== 200) errors++
      const read = await client.read(port(1), 'session', { id: writing.id })
      if (read.status !== 200) errors++
      if (read.reads[0]?.value !== value) stale++
      sources.add(read)
      over.add((read.reads[0]?.tookMs ?? Infinity) - replicaWaitMs)
      const waited = await client.ask(port(0), 'GET', `/control?id=${COUNTER}`)
      control.add((waited.reads[0]?.tookMs ?? Infinity) - replicaWaitMs)
    }
    client.close()
  }))
  return { over, control, sources, stale, errors }
}
