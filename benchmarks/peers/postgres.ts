// https://github.com/porsager/postgres#readme: prepared statements and pipelining are its defaults.
import type { FastifyInstance } from 'fastify'
import postgresJs from 'postgres'
import type { Book, Peer, Setting } from './peer.ts'

export default async function postgres(_app: FastifyInstance, { url, pool: max }: Setting): Promise<Peer> {
  const sql = postgresJs(url, { max })
  return {
    async read(id) {
      const [book] = await sql<Book[]>`select id, title, pages, published from book where id = ${id}`
      return book
    },
    async write(text) {
      const [note] = await sql<{ id: number }[]>`insert into note (text) values (${text}) returning id`
      return { id: note!.id }
    },
    async change(id) {
      await sql.begin(async (sql) => {
        const [book] = await sql<Book[]>`select id, title, pages, published from book where id = ${id}`
        await sql`update book set pages = ${book!.pages + 1} where id = ${id}`
      })
      return { id }
    },
  }
}
