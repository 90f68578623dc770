// https://github.com/WiseLibs/better-sqlite3/blob/master/docs/api.md: statements are prepared once.
import SQLite from 'better-sqlite3'
import type { FastifyInstance } from 'fastify'
import type { Book, Peer, Setting } from './peer.ts'

export default async function betterSqlite3(_app: FastifyInstance, { url }: Setting): Promise<Peer> {
  const db = new SQLite(url)
  const byId = db.prepare<[number], Book>('select id, title, pages from book where id = ?')
  const newNote = db.prepare<[string], { id: number }>('insert into note (text) values (?) returning id')
  return {
    read: async (id) => byId.get(id),
    write: async (text) => newNote.get(text)!,
  }
}
