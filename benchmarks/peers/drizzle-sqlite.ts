// https://orm.drizzle.team/docs/get-started-sqlite and https://orm.drizzle.team/docs/perf-queries
import SQLite from 'better-sqlite3'
import { eq, sql } from 'drizzle-orm'
import { drizzle as connect } from 'drizzle-orm/better-sqlite3'
import { integer, sqliteTable, text as textColumn } from 'drizzle-orm/sqlite-core'
import type { FastifyInstance } from 'fastify'
import type { Peer, Setting } from './peer.ts'

const books = sqliteTable('book', { id: integer().primaryKey(), title: textColumn().notNull(), pages: integer().notNull() })
const notes = sqliteTable('note', { id: integer().primaryKey(), text: textColumn().notNull() })

export default async function drizzleSqlite(_app: FastifyInstance, { url, way }: Setting): Promise<Peer> {
  const db = connect({ client: new SQLite(url) })
  const readPrepared = db.select().from(books).where(eq(books.id, sql.placeholder('id'))).prepare()
  const writePrepared = db.insert(notes).values({ text: sql.placeholder('text') }).returning({ id: notes.id }).prepare()
  return {
    read: async (id) => (way === 'prepared' ? readPrepared.get({ id }) : await db.select().from(books).where(eq(books.id, id)).get()),
    async write(text) {
      if (way === 'prepared') return writePrepared.get({ text })
      return db.transaction((tx) => tx.insert(notes).values({ text }).returning({ id: notes.id }).get())
    },
  }
}
