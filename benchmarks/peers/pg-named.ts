// https://node-postgres.com/features/queries#prepared-statements. One statement is a transaction by itself.
import type { FastifyInstance } from 'fastify'
import { Pool } from 'pg'
import type { Book, Peer, Setting } from './peer.ts'

export default async function pgNamed(_app: FastifyInstance, { url, pool: max }: Setting): Promise<Peer> {
  const pool = new Pool({ connectionString: url, max })
  return {
    async read(id) {
      const { rows } = await pool.query<Book>({ name: 'book-by-id', text: 'select id, title, pages, published from book where id = $1', values: [id] })
      return rows[0]
    },
    async write(text) {
      const { rows } = await pool.query<{ id: number }>({ name: 'new-note', text: 'insert into note (text) values ($1) returning id', values: [text] })
      return { id: rows[0]!.id }
    },
  }
}
