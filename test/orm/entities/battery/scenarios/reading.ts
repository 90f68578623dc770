import { wrap } from '@mikro-orm/core'
import type { Scenarios } from './scenario.ts'

export const reading: Scenarios = {
  'find, then flush twice': async (em, { Author }) => {
    const authors = await em.find(Author, { name: { $in: ['Ada', 'Ben'] } }, { orderBy: { name: 'asc' } })
    await em.flush()
    await em.flush()
    return authors.map(({ id, name, born }) => ({ id, name, born }))
  },

  'findOne, the same instance again': async (em, { Book }) => {
    const book = await em.findOneOrFail(Book, 1)
    const again = await em.findOneOrFail(Book, { id: 1 })
    return { same: book === again, title: book.title, author: book.author?.id, missing: await em.findOne(Book, 99) }
  },

  'findAndCount, count, paging': async (em, { Book }) => {
    // In a transaction, because findAndCount() sends two queries at once: on two connections, either may come first.
    const [page, total] = await em.transactional(async (tx) => await tx.findAndCount(Book, {}, { limit: 2, offset: 1, orderBy: { title: 'desc' } }))
    return { page: page.map((book) => book.title), total, essays: await em.count(Book, { genre: 'essay' as never }) }
  },

  'lazy load of a collection and of references': async (em, { Author }) => {
    const ada = await em.findOneOrFail(Author, 1)
    await ada.books.init({ orderBy: { id: 'asc' } })
    const publisher = ada.books.getItems()[0]!.publisher!
    const before = wrap(publisher).isInitialized()
    await wrap(publisher).init()
    await em.flush()
    return { titles: ada.books.getItems().map((book) => book.title), before, publisher: publisher.name, class: publisher.constructor.name }
  },

  'lazy load of a 1:1 after a flush': async (em, { Author }) => {
    const ada = await em.findOneOrFail(Author, 1)
    await em.flush()
    const profile = await ada.profile?.load()
    await em.flush()
    return { bio: profile?.bio, back: profile?.author?.unwrap() === ada }
  },

  'lazy load of an m:1 and back into its collection': async (em, { Book }) => {
    const book = await em.findOneOrFail(Book, 2)
    await em.flush()
    const author = await book.author!.loadOrFail()
    await author.books.init({ orderBy: { id: 'asc' } })
    await em.flush()
    return { name: author.name, mine: author.books.contains(book), titles: author.books.getItems().map(({ title }) => title) }
  },

  'getReference, load, flush': async (em, { Author, Book }) => {
    const reference = em.getReference(Author, 2)
    const before = wrap(reference).isInitialized()
    await em.flush()
    await wrap(reference).init()
    const books = await em.find(Book, { author: reference })
    return { before, name: reference.name, books: books.map(({ title }) => title) }
  },

  'populate with select-in': async (em, { Author }) => {
    const authors = await em.find(Author, {}, { populate: ['books.tags', 'profile', 'books.chapters'], strategy: 'select-in', orderBy: { id: 'asc' } })
    await em.flush()
    return JSON.parse(JSON.stringify(authors)) as unknown
  },

  'populate with joins': async (em, { Author }) => {
    const authors = await em.find(Author, {}, {
      populate: ['books.tags', 'profile', 'books.chapters'], strategy: 'joined', orderBy: { id: 'asc', books: { id: 'asc', tags: { id: 'asc' }, chapters: { number: 'asc' } } },
    })
    await em.flush()
    return JSON.parse(JSON.stringify(authors)) as unknown
  },

  'populate afterwards': async (em, { Book }) => {
    const books = await em.find(Book, {}, { orderBy: { id: 'asc' } })
    await em.populate(books, ['author.profile', 'publisher', 'shelf'])
    await em.flush()
    return books.map((book) => [book.title, book.author?.unwrap().name, book.author?.unwrap().profile?.unwrap().bio, book.publisher?.name, book.shelf?.capacity])
  },

  'partial loading, formula, lazy property': async (em, { Author }) => {
    const ada = await em.findOneOrFail(Author, 1, { fields: ['name'] })
    const loud = await em.findOneOrFail(Author, 1, { populate: ['shout'] })
    await em.flush()
    return { same: (ada as object) === loud, name: ada.name, shout: loud.shout }
  },

  'stream': async (em, { Book }) => {
    const titles: unknown[] = []
    for await (const book of em.stream(Book, { orderBy: { id: 'asc' } })) titles.push([book.title, book.price, book.shelf?.mark])
    await em.flush()
    return titles
  },

  'query builder': async (em, { Book }) => {
    const books = await em.createQueryBuilder(Book, 'b').select('*').leftJoinAndSelect('b.author', 'a').where({ 'a.name': 'Ada' }).orderBy({ 'b.id': 'asc' }).getResult()
    await em.createQueryBuilder(Book).update({ title: 'Numbers II' }).where({ id: 1 }).execute()
    const raised = await em.createQueryBuilder(Book, 'b').select(['b.id', 'b.title']).where({ id: 1 }).execute('get')
    await em.flush()
    return { books: books.map((book) => [book.title, book.author?.unwrap().name]), raised }
  },

  'serialization': async (em, { Book }) => {
    const book = await em.findOneOrFail(Book, 1, { populate: ['author', 'shelf', 'tags'] })
    return { json: JSON.parse(JSON.stringify(book)) as unknown, object: JSON.parse(JSON.stringify(wrap(book).toObject())) as unknown, plain: JSON.parse(JSON.stringify(wrap(book).serialize({ populate: ['shelf'] }))) as unknown }
  },
}
