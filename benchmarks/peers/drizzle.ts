// https://orm.drizzle.team/docs/get-started-postgresql, https://orm.drizzle.team/docs/perf-queries and https://orm.drizzle.team/docs/transactions
import { eq, sql } from 'drizzle-orm'
import { drizzle as connect } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text as textColumn, timestamp } from 'drizzle-orm/pg-core'
import type { FastifyInstance } from 'fastify'
import { Pool } from 'pg'
import type { Peer, Setting } from './peer.ts'

const books = pgTable('book', {
  id: integer().primaryKey(),
  title: textColumn().notNull(),
  pages: integer().notNull(),
  published: timestamp({ withTimezone: true }).notNull(),
})
const notes = pgTable('note', { id: integer().primaryKey().generatedByDefaultAsIdentity(), text: textColumn().notNull() })

export default async function drizzle(_app: FastifyInstance, { url, pool: max, way }: Setting): Promise<Peer> {
  const db = connect({ client: new Pool({ connectionString: url, max }) })
  const readPrepared = db.select().from(books).where(eq(books.id, sql.placeholder('id'))).prepare('book_by_id')
  const writePrepared = db.insert(notes).values({ text: sql.placeholder('text') }).returning({ id: notes.id }).prepare('new_note')
  return {
    async read(id) {
      const [book] = way === 'prepared' ? await readPrepared.execute({ id }) : await db.select().from(books).where(eq(books.id, id))
      return book
    },
    async write(text) {
      if (way === 'prepared') return (await writePrepared.execute({ text }))[0]!
      return await db.transaction(async (tx) => (await tx.insert(notes).values({ text }).returning({ id: notes.id }))[0]!)
    },
    async change(id) {
      await db.transaction(async (tx) => {
        const [book] = await tx.select().from(books).where(eq(books.id, id))
        await tx.update(books).set({ pages: book!.pages + 1 }).where(eq(books.id, id))
      })
      return { id }
    },
  }
}
