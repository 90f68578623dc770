import { wrap } from '@mikro-orm/core'
import type { Scenarios } from './scenario.ts'

export const writing: Scenarios = {
  'create a graph, flush twice, change, flush': async (em, { Author, Genre }) => {
    const author = em.create(Author, {
      name: 'Dora',
      profile: { bio: 'Writes' },
      books: [{ title: 'Rivers', genre: Genre.Essay, price: 1050, tags: [{ name: 'water' }], chapters: [{ number: 1, title: 'Source' }] }],
    })
    await em.flush()
    await em.flush()
    author.name = 'Dora D.'
    await em.flush()
    const [book] = author.books.getItems()
    return [author.id, author.profile?.id, book?.id, book?.version, book?.tags.count(), wrap(author).toObject().name]
  },

  'new and persist, keys and defaults': async (em, { Book, Author }) => {
    const book = new Book()
    book.title = 'Hills'
    book.author = wrap(Object.assign(new Author(), { name: 'Eve' })).toReference()
    em.persist(book)
    await em.flush()
    await em.flush()
    return { id: book.id, version: book.version, genre: book.genre, author: book.author.id, managed: wrap(book).isManaged() }
  },

  'new entities found only at flush': async (em, { Author, Book, Tag, Shelf }) => {
    const ada = await em.findOneOrFail(Author, 1, { populate: ['books'] })
    const book = Object.assign(new Book(), { title: 'Found', price: 5 })
    book.shelf = Object.assign(new Shelf(), { mark: 'F-6' })
    ada.books.add(book)
    book.tags.add(Object.assign(new Tag(), { name: 'late' }))
    await em.flush()
    await em.flush()
    return [book.id, book.author?.id, book.tags.getItems().map(({ id, name }) => [id, name]), book.shelf.mark]
  },

  'change a scalar, flush twice, change again': async (em, { Author }) => {
    const ben = await em.findOneOrFail(Author, 2)
    ben.name = 'Benjamin'
    await em.flush()
    await em.flush()
    ben.born = new Date('1990-04-01T12:00:00Z')
    await em.flush()
    em.clear()
    const again = await em.findOneOrFail(Author, 2)
    return [again.name, again.born?.toISOString()]
  },

  'assign with nested data': async (em, { Author }) => {
    const ada = await em.findOneOrFail(Author, 1, { populate: ['books', 'profile'] })
    em.assign(ada, { name: 'Ada L.', profile: { bio: 'Assigned' }, books: [{ id: 1, title: 'Numbers, again' }, { title: 'Fresh' }], address: { city: 'Paris' } } as never)
    await em.flush()
    await em.flush()
    return [ada.name, ada.profile?.unwrap().bio, ada.books.getItems().map(({ id, title }) => [id, title]), ada.address]
  },

  'merge plain data, then change': async (em, { Author }) => {
    const ben = em.merge(Author, { id: 2, name: 'Ben', mail: 'ben@example.org' })
    await em.flush()
    ben.mail = 'benjamin@example.org'
    await em.flush()
    await em.refresh(ben)
    return [ben.name, ben.mail]
  },

  'merge an entity that was detached': async (em, { Author }) => {
    const ada = await em.findOneOrFail(Author, 1)
    em.clear()
    em.merge(ada)
    ada.name = 'Merged'
    await em.flush()
    await em.flush()
    return (await em.fork().findOneOrFail(Author, 1)).name
  },

  'upsert a new and an existing row': async (em, { Author }) => {
    const created = await em.upsert(Author, { mail: 'new@example.org', name: 'New' })
    const existing = await em.upsert(Author, { mail: 'ben@example.org', name: 'Upserted' })
    const many = await em.upsertMany(Author, [{ mail: 'cid@example.org', name: 'Cid II' }, { mail: 'x@example.org', name: 'X' }])
    await em.flush()
    created.name = 'New, changed'
    await em.flush()
    return [created.id, existing.id, existing.name, many.map(({ id, name }) => [id, name])]
  },

  'upsert an entity': async (em, { Shelf }) => {
    const shelf = Object.assign(new Shelf(), { mark: 'A-1', capacity: 77 })
    await em.upsert(shelf)
    const same = em.getReference(Shelf, 'A-1') === shelf
    shelf.capacity = 78
    await em.flush()
    return [same, (await em.fork().findOneOrFail(Shelf, 'A-1')).capacity]
  },

  'insert, nativeUpdate, nativeDelete': async (em, { Tag }) => {
    const id = await em.insert(Tag, { name: 'inserted' })
    const ids = await em.insertMany(Tag, [{ name: 'one' }, { name: 'two' }])
    const updated = await em.nativeUpdate(Tag, { name: 'one' }, { name: 'uno' })
    const deleted = await em.nativeDelete(Tag, { name: { $in: ['two', 'inserted'] } })
    return { id, ids, updated, deleted, left: (await em.find(Tag, {}, { orderBy: { id: 'asc' } })).map(({ name }) => name) }
  },

  'remove': async (em, { Book, Tag }) => {
    const tag = await em.findOneOrFail(Tag, 3, { populate: ['books'] })
    em.remove(tag)
    await em.flush()
    await em.flush()
    return { tag: await em.findOne(Tag, 3), book: (await em.findOneOrFail(Book, 2, { populate: ['tags'] })).tags.count() }
  },

  'remove by reference and persist again': async (em, { Profile }) => {
    const profile = em.getReference(Profile, 3)
    await em.remove(profile).flush()
    const again = em.create(Profile, { id: 3, bio: 'Back' })
    await em.flush()
    return [again.id, (await em.fork().findOneOrFail(Profile, 3)).bio]
  },

  'JSON changed in place': async (em, { Author }) => {
    const ada = await em.findOneOrFail(Author, 1)
    ada.settings!.fonts!.push('mono')
    await em.flush()
    await em.flush()
    const dark = await em.fork().find(Author, { settings: { theme: 'dark' } })
    return dark.map(({ name, settings }) => [name, settings])
  },

  'embeddables, inline and as JSON': async (em, { Author, Address }) => {
    const ada = await em.findOneOrFail(Author, 1)
    await em.flush()
    ada.address!.city = 'Bath'
    ada.contact!.phone = '2'
    const ben = await em.findOneOrFail(Author, 2)
    ben.address = Object.assign(new Address(), { street: 'Low Street', city: 'York', rent: 100 })
    await em.flush()
    const found = await em.fork().find(Author, { address: { city: { $in: ['Bath', 'York'] } } }, { orderBy: { id: 'asc' } })
    const json = [ada, ben, ...found].map((author) => JSON.parse(JSON.stringify(author)) as unknown)
    return [found.map(({ name, address, contact }) => [name, address, contact, address?.constructor.name]), json]
  },

  'enum': async (em, { Book, Genre }) => {
    const book = await em.findOneOrFail(Book, { genre: Genre.Poetry })
    book.genre = Genre.Novel
    await em.flush()
    const refused = em.create(Book, { title: 'Odd', genre: 'odd' as never }, { persist: false })
    return [await em.count(Book, { genre: Genre.Novel }), refused.genre]
  },

  'custom type': async (em, { Book }) => {
    const book = await em.findOneOrFail(Book, { price: 1250 })
    await em.flush()
    book.price = 1300
    await em.flush()
    await em.flush()
    const raw = await em.getConnection().execute('select price from book where id = 1')
    return [book.price, raw, JSON.parse(JSON.stringify(book)) as unknown, await em.count(Book, { price: 1300 })]
  },

  'custom type as primary key': async (em, { Shelf, Book }) => {
    const shelf = await em.findOneOrFail(Shelf, 'A-1', { populate: ['books'] })
    const same = em.getReference(Shelf, 'A-1') === shelf
    const fresh = em.create(Shelf, { mark: 'C-3', capacity: 5 })
    const book = await em.findOneOrFail(Book, 3)
    book.shelf = fresh
    await em.flush()
    await em.flush()
    fresh.capacity = 6
    shelf.books.getItems()[0]!.shelf = em.getReference(Shelf, 'B-2')
    await em.flush()
    await em.flush()
    const raw = await em.getConnection().execute(`select replace(replace(mark, 'pg:', ''), 'sqlite:', '') as mark, capacity from shelf order by 1`)
    const moved = await em.fork().findOneOrFail(Shelf, 'B-2', { populate: ['books'] })
    return [same, raw, moved.books.getItems().map(({ title }) => title), JSON.parse(JSON.stringify(fresh)) as unknown]
  },

  'remove by a custom primary key': async (em, { Shelf }) => {
    const shelf = await em.findOneOrFail(Shelf, 'B-2')
    await em.remove(shelf).flush()
    const other = Object.assign(new Shelf(), { mark: 'D-4' })
    em.persist(other)
    await em.flush()
    other.capacity = 9
    await em.flush()
    await em.remove(other).flush()
    return (await em.find(Shelf, {})).map(({ mark }) => mark)
  },
}
