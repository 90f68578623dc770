// https://kysely.dev/docs/getting-started and https://kysely.dev/docs/examples/transactions/simple-transaction
import SQLite from 'better-sqlite3'
import type { FastifyInstance } from 'fastify'
import { type Dialect, type Generated, Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import { Pool } from 'pg'
import type { Peer, Setting } from './peer.ts'

interface Tables {
  book: { id: number; title: string; pages: number; published: Date }
  note: { id: Generated<number>; text: string }
}

const dialectOf = ({ database, url, pool }: Setting): Dialect =>
  database === 'sqlite' ? new SqliteDialect({ database: new SQLite(url) }) : new PostgresDialect({ pool: new Pool({ connectionString: url, max: pool }) })

export default async function kysely(_app: FastifyInstance, setting: Setting): Promise<Peer> {
  const db = new Kysely<Tables>({ dialect: dialectOf(setting) })
  return {
    read: async (id) => await db.selectFrom('book').selectAll().where('id', '=', id).executeTakeFirst(),
    write: async (text) =>
      await db.transaction().execute(async (trx) => await trx.insertInto('note').values({ text }).returning('id').executeTakeFirstOrThrow()),
    async change(id) {
      await db.transaction().execute(async (trx) => {
        const book = await trx.selectFrom('book').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
        await trx.updateTable('book').set({ pages: book.pages + 1 }).where('id', '=', id).execute()
      })
      return { id }
    },
  }
}
