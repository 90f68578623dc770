// Everything that code which goes on after its request could still try.
import type { FastifyRequest } from 'fastify'
import { Author, Book, Note } from './model.ts'
import { type Writer, writerOf } from './service.ts'

/** What a handler may still hold in its hands. */
export interface Held {
  readonly request: FastifyRequest
  readonly writer: Writer
  readonly uses: Readonly<Record<string, () => unknown>>
}

/** Takes everything in hand while the request lasts. */
export async function hold(request: FastifyRequest): Promise<Held> {
  const writer = writerOf(request)
  const container = request.dbSession as unknown as Record<string, unknown> & { get(name: string): unknown; getReader(): unknown; getAny(): unknown; any: unknown }
  const book = await writer.findOneOrFail(Book, { title: 'Ulysses' })
  const author = await writer.fork().findOneOrFail(Author, book.author.id)
  const fork = writer.fork()
  const repository = writer.getRepository(Note)
  const builder = writer.createQueryBuilder(Note)
  const kysely = writer.getKysely()
  const getWriter = (request.dbSession as unknown as { getWriter: () => unknown }).getWriter
  const note = new Note()
  note.text = 'too late'
  const uses = {
    find: () => writer.find(Note, {}),
    findOne: () => writer.findOne(Note, { text: 'x' }),
    count: () => writer.count(Note),
    stream: () => writer.stream(Note, {}).next(),
    persist: () => writer.persist(note),
    persistAndFlush: () => writer.persistAndFlush(note),
    remove: () => writer.remove(book),
    removeAndFlush: () => writer.removeAndFlush(book),
    flush: () => writer.flush(),
    create: () => writer.create(Note, { text: 'too late' }),
    insert: () => writer.insert(Note, { text: 'too late' }),
    nativeUpdate: () => writer.nativeUpdate(Note, {}, { text: 'too late' }),
    nativeDelete: () => writer.nativeDelete(Note, {}),
    upsert: () => writer.upsert(Note, { id: 1, text: 'too late' }),
    execute: () => writer.execute('select 1'),
    'qb()': () => writer.qb(Note),
    'createQueryBuilder()': () => writer.createQueryBuilder(Note).getResult(),
    'a query builder made before': () => builder.getResult(),
    'getKysely()': () => writer.getKysely(),
    'a Kysely taken before': () => kysely.selectFrom('note' as never).selectAll().execute(),
    'a transaction of a Kysely taken before': () => kysely.transaction().execute(async (trx) => await trx.selectFrom('note' as never).selectAll().execute()),
    'fork()': () => writer.fork(),
    'a fork made before': () => fork.find(Note, {}),
    'begin of a fork made before': () => fork.begin(),
    begin: () => writer.begin(),
    commit: () => writer.commit(),
    rollback: () => writer.rollback(),
    transactional: () => writer.transactional(async () => {}),
    'getRepository()': () => writer.getRepository(Note).findAll(),
    'a repository taken before': () => repository.findAll(),
    'a lazy collection': () => author.books.load(),
    'a lazy reference': () => book.author.load(),
    populate: () => writer.populate(book, ['author']),
    refresh: () => writer.refresh(book),
    getReference: () => writer.getReference(Author, 1),
    merge: () => writer.merge(Note, { id: 1, text: 'too late' }),
    'getConnection()': () => writer.getConnection(),
    'getDriver()': () => writer.getDriver(),
    'request.dbSession.writer': () => container['writer'],
    'first touch of another engine': () => container['reader'],
    'request.dbSession.get()': () => container.get('reader'),
    'request.dbSession.getReader()': () => container.getReader(),
    'request.dbSession.any': () => container.any,
    'request.dbSession.getAny()': () => container.getAny(),
    'getWriter handed on': () => getWriter(),
  }
  return { request, writer, uses }
}

/** Tries all of it, and tells what was not refused with the error of a closed session. */
export async function unrefused({ uses }: Held): Promise<string[]> {
  const wrong: string[] = []
  for (const [name, use] of Object.entries(uses)) {
    const outcome = await attempt(use)
    if (outcome !== 'SQLASSIST_SESSION_CLOSED') wrong.push(`${name}: ${outcome}`)
  }
  return wrong
}

async function attempt(use: () => unknown): Promise<string> {
  try {
    await use()
    return 'was done'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
