// https://node-postgres.com/features/pooling and https://node-postgres.com/features/transactions
import type { FastifyInstance } from 'fastify'
import { Pool } from 'pg'
import type { Book, Peer, Setting } from './peer.ts'

export default async function pg(_app: FastifyInstance, { url, pool: max }: Setting): Promise<Peer> {
  const pool = new Pool({ connectionString: url, max })
  return {
    async read(id) {
      const { rows } = await pool.query<Book>('select id, title, pages, published from book where id = $1', [id])
      return rows[0]
    },
    async write(text) {
      const client = await pool.connect()
      try {
        await client.query('begin')
        const { rows } = await client.query<{ id: number }>('insert into note (text) values ($1) returning id', [text])
        await client.query('commit')
        return { id: rows[0]!.id }
      } catch (error) {
        await client.query('rollback')
        throw error
      } finally {
        client.release()
      }
    },
    async change(id) {
      const client = await pool.connect()
      try {
        await client.query('begin')
        const { rows } = await client.query<Book>('select id, title, pages, published from book where id = $1', [id])
        await client.query('update book set pages = $1 where id = $2', [rows[0]!.pages + 1, id])
        await client.query('commit')
        return { id }
      } catch (error) {
        await client.query('rollback')
        throw error
      } finally {
        client.release()
      }
    },
  }
}
