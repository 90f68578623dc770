// https://typeorm.io/docs/entity/separating-entity-definition and https://typeorm.io/docs/advanced-topics/transactions. EntitySchema and not decorators, which Node.js does
// not run by itself; what is made of both is the same.
import type { FastifyInstance } from 'fastify'
import { DataSource, type DataSourceOptions, EntitySchema } from 'typeorm'
import type { Book, Peer, Setting } from './peer.ts'

const optionsOf = ({ database, url, pool }: Setting): DataSourceOptions =>
  database === 'sqlite' ? { type: 'better-sqlite3', database: url } : { type: 'postgres', url, poolSize: pool }

export default async function typeorm(_app: FastifyInstance, setting: Setting): Promise<Peer> {
  const published = setting.database === 'sqlite' ? {} : { published: { type: 'timestamptz' as const } }
  const BookSchema = new EntitySchema<Book>({ name: 'book', columns: { id: { type: 'int', primary: true }, title: { type: 'text' }, pages: { type: 'int' }, ...published } })
  const Note = new EntitySchema<{ id: number; text: string }>({ name: 'note', columns: { id: { type: 'int', primary: true, generated: true }, text: { type: 'text' } } })
  const source = new DataSource({ ...optionsOf(setting), entities: [BookSchema, Note] })
  await source.initialize()
  const books = source.getRepository(BookSchema)
  const notes = source.getRepository(Note)
  return {
    read: async (id) => await books.findOneBy({ id }),
    async write(text) {
      const { id } = await notes.save({ text })
      return { id }
    },
    async change(id) {
      await source.transaction(async (manager) => {
        const book = await manager.findOneByOrFail(BookSchema, { id })
        await manager.save(BookSchema, { ...book, pages: book.pages + 1 })
      })
      return { id }
    },
  }
}
