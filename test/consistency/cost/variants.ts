// Ways to read a row by its primary key, from the cheapest to the dearest.
import type { Answer, Client } from '../client.ts'
import { COUNTER } from '../service/item.ts'

export interface Variant {
  readonly name: string
  /** Before the reads of a block are measured. */
  prepare(client: Client, port: number): Promise<unknown>
  read(client: Client, port: number): Promise<Answer>
}

const nothing = async (client: Client): Promise<void> => client.jar.empty()
const plain = async (client: Client, port: number): Promise<Answer> => await client.read(port, 'plain', { id: COUNTER })
const session = async (client: Client, port: number): Promise<Answer> => await client.read(port, 'session', { id: COUNTER })

/** A row of its own. */
const ID = 2

async function write(client: Client, port: number): Promise<void> {
  await client.ask(port, 'POST', '/write/raw', { id: ID, value: 0, isNew: false })
}

export const VARIANTS: readonly Variant[] = [
  { name: 'a readonly engine on one replica', prepare: nothing, read: plain },
  { name: 'the same once more, for the noise', prepare: nothing, read: plain },
  { name: `replicas, 'eventual'`, prepare: nothing, read: async (client, port) => await client.read(port, 'eventual', { id: COUNTER }) },
  { name: `replicas, 'session' without a token`, prepare: nothing, read: async (client, port) => (client.jar.empty(), await session(client, port)) },
  { name: `replicas, 'session' with a token that was reached`, prepare: write, read: session },
  { name: 'replicas, { maxLagMs }', prepare: nothing, read: async (client, port) => await client.read(port, 'bounded', { id: COUNTER }) },
]

/** What a gate is for: each read comes right after a write of the same client. */
export const AFTER_WRITE: Variant = {
  name: `replicas, 'session' right after a write of one's own`,
  prepare: nothing,
  async read(client, port) {
    await write(client, port)
    return await session(client, port)
  },
}
