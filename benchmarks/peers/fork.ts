// MikroORM by hand: a fork for each request, handed on to what needs it. https://mikro-orm.io/docs/identity-map#forking-entity-manager
import { MikroORM } from '@mikro-orm/core'
import type { FastifyInstance } from 'fastify'
import { configOf, entitiesFor } from './mikro-orm-config.ts'
import type { Peer, Setting } from './peer.ts'

export default async function fork(_app: FastifyInstance, setting: Setting): Promise<Peer> {
  const { BookSchema: Book, NoteSchema: Note } = entitiesFor(setting)
  const orms = Array.from({ length: setting.engines }, (_, index) => new MikroORM({ ...configOf(setting, [Book, Note]), contextName: `engine${index}` }))
  const orm = orms[0]!
  return {
    read: async (id) => await orm.em.fork().findOne(Book, { id }),
    async readTen(ids) {
      const em = orm.em.fork()
      const books = []
      for (const id of ids) books.push(await em.findOne(Book, { id }))
      return books
    },
    async write(text) {
      const em = orm.em.fork()
      const note = em.create(Note, { text })
      await em.persist(note).flush()
      return { id: note.id }
    },
    async change(id) {
      await orm.em.fork().transactional(async (em) => {
        const book = await em.findOneOrFail(Book, { id })
        book.pages++
      })
      return { id }
    },
  }
}
