// Rows for the library.
import type { EntityManager } from '@mikro-orm/core'
import { Author, Book, Film, Place, Shelf, Tag } from './library.ts'

const uuid = (n: number): string => `abcdef00-0000-4000-8000-${String(n).padStart(12, '0')}`

export const bookId = uuid

/** Some authors, books and shelves, and the entities forgotten again. */
export async function fillLibrary(em: EntityManager): Promise<void> {
  const names = ['Ann Ames', 'bob_1', 'BobX1', 'Bob 100%', 'back\\slash', 'Élodie', 'élodie', 'İpek', 'Strauß', "O'Hara", 'ann ames']
  await em.insertMany(Author, names.map((name, index) => ({ id: index + 1, name, email: `author${index + 1}@example.org`, group: index % 2 === 0 ? 'Even' : null })))
  await em.insertMany(Tag, [{ slug: 'novel' }, { slug: 'essay' }])
  await em.insertMany(Book, [
    { id: uuid(1), isbn: 9_780_000_000_001n, title: 'First', edition: 1, author: 1, price: '10.50', cover: 'hard', lent: true },
    { id: uuid(2), isbn: 9_780_000_000_002n, title: 'Second', edition: 1, author: 1, price: '12.00' },
    { id: uuid(3), isbn: 9_780_000_000_003n, title: 'Second', edition: 2, author: 2 },
  ])
  await em.insertMany(Shelf, [
    { room: 'north', number: 1, label: 'Fiction' },
    { room: 'north', number: 2, label: 'Poems' },
    { room: 'south', number: 1, label: 'Maps' },
  ])
  await em.insertMany(Place, [
    { shelf: ['north', 1] as never, position: 1, book: uuid(1) },
    { shelf: ['north', 1] as never, position: 2 },
    { shelf: ['south', 1] as never, position: 1, book: uuid(2) },
  ])
  em.create(Film, { id: 1, title: 'Metropolis', director: 'Lang' })
  em.create(Film, { id: 2, title: 'M', director: 'lang' })
  await em.flush()
  em.clear()
}
