// Opt-in since pg 8.23: a client does not wait for an answer before it sends the next query. Two clients, because a pool would give each to one query only.
import type { FastifyInstance } from 'fastify'
import { Client, type ClientConfig } from 'pg'
import type { Book, Peer, Setting } from './peer.ts'

export default async function pgPipelined(_app: FastifyInstance, { url }: Setting): Promise<Peer> {
  const config: ClientConfig & { pipeline: boolean } = { connectionString: url, pipeline: true }
  const clients = [new Client(config), new Client(config)]
  for (const client of clients) await client.connect()
  let turn = 0
  return {
    async read(id) {
      const { rows } = await clients[turn++ % 2]!.query<Book>({ name: 'book-by-id', text: 'select id, title, pages, published from book where id = $1', values: [id] })
      return rows[0]
    },
    async write(text) {
      const { rows } = await clients[turn++ % 2]!.query<{ id: number }>({ name: 'new-note', text: 'insert into note (text) values ($1) returning id', values: [text] })
      return { id: rows[0]!.id }
    },
  }
}
