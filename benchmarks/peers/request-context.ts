// MikroORM as its documentation has it for Fastify: https://mikro-orm.io/docs/usage-with-fastify and, with several, https://mikro-orm.io/docs/multiple-databases
import { MikroORM, RequestContext } from '@mikro-orm/core'
import type { FastifyInstance } from 'fastify'
import { configOf, entitiesFor } from './mikro-orm-config.ts'
import type { Peer, Setting } from './peer.ts'

export default async function requestContext(app: FastifyInstance, setting: Setting): Promise<Peer> {
  const { BookSchema: Book, NoteSchema: Note } = entitiesFor(setting)
  const orms = Array.from({ length: setting.engines }, (_, index) => new MikroORM({ ...configOf(setting, [Book, Note]), contextName: `engine${index}` }))
  const { em } = orms[0]!
  const ems = orms.length === 1 ? em : orms.map((orm) => orm.em)
  app.addHook('onRequest', (_request, _reply, done) => RequestContext.create(ems, done))
  return {
    read: async (id) => await em.findOne(Book, { id }),
    async write(text) {
      const note = em.create(Note, { text })
      await em.persist(note).flush()
      return { id: note.id }
    },
    async change(id) {
      await em.transactional(async (em) => {
        const book = await em.findOneOrFail(Book, { id })
        book.pages++
      })
      return { id }
    },
  }
}
