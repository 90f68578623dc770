import { LockMode, wrap } from '@mikro-orm/core'
import type { Scenarios } from './scenario.ts'

const nameOf = (error: unknown): string => (error as Error).constructor.name

export const lifecycle: Scenarios = {
  'transaction with a nested one': async (em, { Author }) => {
    await em.transactional(async (outer) => {
      const ada = await outer.findOneOrFail(Author, 1)
      ada.name = 'Outer'
      await outer.transactional(async (inner) => {
        const ben = await inner.findOneOrFail(Author, 2)
        ben.name = 'Inner'
      })
    })
    const names = (await em.find(Author, {}, { orderBy: { id: 'asc' } })).map(({ name }) => name)
    await em.flush()
    return names
  },

  'entity of a transaction, changed after it': async (em, { Author }) => {
    const ada = await em.transactional(async (tx) => await tx.findOneOrFail(Author, 1, { populate: ['profile'] }))
    ada.name = 'After'
    await em.flush()
    ada.profile!.unwrap().bio = 'Later'
    await em.flush()
    await em.flush()
    return (await em.fork().findOneOrFail(Author, 1, { populate: ['profile'] })).profile?.unwrap().bio
  },

  'transaction rolled back, session goes on': async (em, { Author, Book }) => {
    const failed = await em
      .transactional(async (tx) => {
        tx.create(Author, { name: 'Never' })
        await tx.flush()
        throw new Error('no')
      })
      .catch((error: Error) => error.message)
    em.create(Book, { title: 'Still here' })
    await em.flush()
    return [failed, await em.count(Author, {}), await em.count(Book, {})]
  },

  'begin, commit, rollback': async (em, { Author }) => {
    await em.begin()
    em.create(Author, { name: 'Kept' })
    await em.commit()
    await em.begin()
    await em.insert(Author, { name: 'Lost' })
    await em.rollback()
    return (await em.find(Author, {}, { orderBy: { id: 'asc' } })).map(({ name }) => name)
  },

  'optimistic lock': async (em, { Book }) => {
    const book = await em.findOneOrFail(Book, 1)
    book.title = 'First'
    await em.flush()
    const version = book.version
    await em.nativeUpdate(Book, { id: 1 }, { version: 9 })
    book.title = 'Second'
    const conflict = await em.flush().catch(nameOf)
    return [version, conflict, await em.lock(book, LockMode.OPTIMISTIC, 1).catch(nameOf)]
  },

  'refresh after a flush': async (em, { Author }) => {
    const ben = await em.findOneOrFail(Author, 2, { populate: ['profile'] })
    ben.name = 'Changed'
    await em.flush()
    await em.nativeUpdate(Author, { id: 2 }, { name: 'Elsewhere' })
    await em.refresh(ben)
    await em.flush()
    return [ben.name, ben.profile?.unwrap().bio]
  },

  'clear and load again': async (em, { Author }) => {
    const before = await em.findOneOrFail(Author, 1, { populate: ['books'] })
    em.clear()
    const after = await em.findOneOrFail(Author, 1, { populate: ['books', 'profile'] })
    await em.flush()
    return [before === after, after.books.count(), after.profile?.unwrap().bio]
  },

  'a fork beside the session': async (em, { Author }) => {
    const ada = await em.findOneOrFail(Author, 1)
    const fork = em.fork()
    const other = await fork.findOneOrFail(Author, 1, { populate: ['profile'] })
    other.name = 'By the fork'
    await fork.flush()
    await em.flush()
    await wrap(ada).init()
    return [ada === other, ada.name, other.profile?.unwrap().bio]
  },

  'reload of a relation after it was changed': async (em, { Author, Book, Profile }) => {
    const author = em.create(Author, { name: 'Fay', profile: { bio: 'Born now' }, books: [{ title: 'Debut' }] })
    await em.flush()
    const { id } = author
    em.clear()
    const book = await em.findOneOrFail(Book, { author: { id } })
    await em.flush()
    const again = await book.author!.loadOrFail()
    await em.flush()
    const profile = await em.findOneOrFail(Profile, { author: again })
    await em.flush()
    return [again.name, profile.bio, again.profile?.unwrap() === profile]
  },

  'auto-flush before a query': async (em, { Author }) => {
    const ada = await em.findOneOrFail(Author, 1)
    ada.name = 'Zed'
    em.create(Author, { name: 'Zoe' })
    const found = await em.find(Author, { name: { $in: ['Zed', 'Zoe'] } }, { orderBy: { id: 'asc' } })
    return found.map(({ name }) => name)
  },

  'a failed flush, corrected': async (em, { Author }) => {
    em.create(Author, { name: 'Double', mail: 'ada@example.org' })
    const failed = await em.flush().catch(nameOf)
    em.clear()
    em.create(Author, { name: 'Single', mail: 'single@example.org' })
    await em.flush()
    return [failed, await em.count(Author, { name: { $in: ['Double', 'Single'] } })]
  },
}
