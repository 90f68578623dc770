import { Reference, rel, wrap } from '@mikro-orm/core'
import type { Scenarios } from './scenario.ts'

export const relations: Scenarios = {
  'm:1 moved to another owner': async (em, { Author, Book }) => {
    const [ada, ben] = await em.find(Author, {}, { populate: ['books'], orderBy: { id: 'asc' }, limit: 2 })
    const book = await em.findOneOrFail(Book, 1)
    book.author = wrap(ben!).toReference()
    await em.flush()
    await em.flush()
    return [ada!.books.count(), ben!.books.count(), ben!.books.contains(book)]
  },

  '1:m add and remove': async (em, { Author, Book }) => {
    const ben = await em.findOneOrFail(Author, 2, { populate: ['books'] })
    const storms = ben.books.getItems()[0]!
    ben.books.remove(storms)
    ben.books.add(await em.findOneOrFail(Book, 2))
    await em.flush()
    await em.flush()
    return [ben.books.getItems().map(({ title }) => title), storms.author]
  },

  'm:n add, remove, flush twice': async (em, { Book, Tag }) => {
    const book = await em.findOneOrFail(Book, 1, { populate: ['tags'] })
    book.tags.remove(em.getReference(Tag, 2))
    book.tags.add(await em.findOneOrFail(Tag, 3), em.create(Tag, { name: 'new' }))
    await em.flush()
    await em.flush()
    const tag = await em.findOneOrFail(Tag, 3, { populate: ['books'], orderBy: { books: { id: 'asc' } } })
    return [book.tags.getItems().map(({ name }) => name), tag.books.getItems().map(({ title }) => title)]
  },

  'm:n with itself, from the inverse side': async (em, { Author }) => {
    const cid = await em.findOneOrFail(Author, 3, { populate: ['admirers'] })
    cid.admirers.add(await em.findOneOrFail(Author, 1))
    await em.flush()
    await em.flush()
    const ada = await em.fork().findOneOrFail(Author, 1, { populate: ['admires'], orderBy: { admires: { id: 'asc' } } })
    return ada.admires.getItems().map(({ name }) => name)
  },

  '1:1 moved to another owner': async (em, { Author, Profile }) => {
    const profile = await em.findOneOrFail(Profile, 3)
    const cid = await em.findOneOrFail(Author, 3, { populate: ['profile'] })
    cid.profile = wrap(profile).toReference()
    await em.flush()
    await em.flush()
    const ben = await em.findOneOrFail(Author, 2, { populate: ['profile'] })
    ben.profile!.unwrap().author = null
    await em.flush()
    return [profile.author?.id, ben.profile, (await em.fork().findOneOrFail(Profile, 2)).author]
  },

  '1:1 from both sides, nothing changed': async (em, { Author, Profile }) => {
    const authors = await em.find(Author, {}, { orderBy: { id: 'asc' } })
    const profiles = await em.find(Profile, {}, { orderBy: { id: 'asc' } })
    await em.flush()
    await em.flush()
    return [authors.map((author) => author.profile?.unwrap().bio), profiles.map((profile) => profile.author?.unwrap().name)]
  },

  'a tree': async (em, { Tag }) => {
    const physics = await em.findOneOrFail(Tag, 2, { populate: ['broader.narrower'] })
    const optics = em.create(Tag, { name: 'optics', broader: physics })
    await em.flush()
    optics.broader = physics.broader!
    await em.flush()
    await em.flush()
    return [physics.broader!.narrower.getItems().map(({ name }) => name), (await em.fork().findOneOrFail(Tag, optics.id)).broader?.id]
  },

  'inheritance': async (em, { Publisher, Imprint, House }) => {
    const all = await em.find(Publisher, {}, { orderBy: { id: 'asc' } })
    const imprint = em.create(Imprint, { name: 'Tiny', owner: all[0] as never })
    await em.flush()
    await em.flush()
    const house = await em.findOneOrFail(House, 1)
    house.city = 'Bergen'
    await em.flush()
    return [all.map((publisher) => publisher.constructor.name), imprint.id, await em.count(Imprint, { owner: house })]
  },

  'composite key, cascade of persist and remove': async (em, { Book, Chapter }) => {
    const book = await em.findOneOrFail(Book, 2, { populate: ['chapters'] })
    book.chapters.add(em.create(Chapter, { book, number: 1, title: 'Start' }))
    await em.flush()
    const chapter = await em.findOneOrFail(Chapter, { book: 1, number: 2 })
    chapter.title = 'Second'
    await em.flush()
    const one = await em.findOneOrFail(Book, 1, { populate: ['chapters', 'tags'] })
    await em.remove(one).flush()
    await em.flush()
    return [await em.count(Chapter, {}), book.chapters.getItems().map(({ title }) => title), await em.count(Book, {})]
  },

  'orphan removal': async (em, { Book, Chapter }) => {
    const book = await em.findOneOrFail(Book, 1, { populate: ['chapters'] })
    book.chapters.remove(book.chapters.getItems()[0]!)
    await em.flush()
    await em.flush()
    return (await em.fork().find(Chapter, {})).map(({ number, title }) => [number, title])
  },

  'relations from bare keys': async (em, { Author, Book, Shelf }) => {
    const book = em.create(Book, { title: 'By key', author: 2, shelf: 'A-1' })
    const made = Object.assign(new Book(), { title: 'By rel()' })
    made.author = Reference.createFromPK(Author, 1) as never
    made.shelf = rel(Shelf, 'B-2')
    em.persist(made)
    await em.flush()
    await em.flush()
    const loaded = await em.fork().find(Book, { id: { $in: [book.id, made.id] } }, { populate: ['author', 'shelf'], orderBy: { id: 'asc' } })
    return loaded.map(({ title, author, shelf }) => [title, author?.unwrap().name, shelf?.capacity])
  },

  'collections: matching, loadCount, set': async (em, { Author, Book }) => {
    const ada = await em.findOneOrFail(Author, 1)
    const some = await ada.books.matching({ where: { title: 'Islands' } })
    const count = await ada.books.loadCount()
    const book = await em.findOneOrFail(Book, 1, { populate: ['tags', 'chapters'] })
    book.tags.removeAll()
    await em.flush()
    await em.flush()
    return [some.map(({ title }) => title), count, book.tags.count(), await em.fork().count(Book, { tags: { id: 1 } })]
  },
}
