// This package. `way: 'getById'` reads with UtilityObject's helper, 'logger' writes with an engine that has no transactions.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sqlassist as plugin } from '../../plugin/index.ts'
import { type EngineOptions, withUtility } from '../../orm/index.ts'
import { configOf, entitiesFor } from './mikro-orm-config.ts'
import type { Peer, Setting } from './peer.ts'

export default async function sqlassist(app: FastifyInstance, setting: Setting): Promise<Peer> {
  const { BookSchema, NoteSchema: Note } = entitiesFor(setting)
  class Book extends withUtility(BookSchema.class) {}
  BookSchema.setClass(Book)

  const engine = (options: EngineOptions = {}): EngineOptions => ({ config: configOf(setting, [BookSchema, Note]), ...options })
  const used = setting.way === 'logger' ? 'logger' : setting.way === 'writer' ? 'writer' : 'reader'
  const kinds = { reader: { readonly: true }, writer: {}, logger: { autocommit: true } }
  const others = Array.from({ length: setting.engines - 1 }, (_, index) => [`other${index}`, engine()] as const)
  const engines = { [used]: engine({ ...kinds[used], ...setting.options }), ...Object.fromEntries(others) }
  await app.register(plugin, { engines })
  await app.after()

  const read = setting.way === 'getById'
    ? async (id: number, request: FastifyRequest) => await Book.getById(request.dbSession.reader, id)
    : async (id: number, request: FastifyRequest) => await request.dbSession.reader.findOne(Book, { id })
  return {
    read,
    async write(text, request) {
      const session = request.dbSession[used]
      const note = session.create(Note, { text })
      await session.persistAndFlush(note)
      return { id: note.id }
    },
    async change(id, request) {
      const book = await request.dbSession.writer.findOneOrFail(Book, { id })
      book.pages++
      return { id }
    },
    changeConfig: { sqlassist: { transaction: 'request' } },
  }
}
