// The helpers of the models: a wrong column, a wrong key or no session is found by the compiler.
import { type Collection, defineEntity, type EntityManager, type Opt, p, PrimaryKeyProp, type Ref, type ScalarRef } from '@mikro-orm/core'
import type { EntityManager as PostgresManager } from '@mikro-orm/postgresql'
import type { FastifyRequest } from 'fastify'
import { type DeclaredTable, type ReadonlySession, requestOf, type Session, sessionOf, UtilityObject } from 'fastify-sqlassist'
import { type Column, type columnsAsObject, type EntityColumns, getById, getByIds, getRange, type Page, type TextColumn, withUtility } from 'fastify-sqlassist/orm'
import { describe, expect, test } from 'tstyche'

class Author extends UtilityObject {
  id!: number
  email!: string
  name?: string | null
  kind!: 'poet' | 'painter'
  rating!: number & Opt
  joinedAt!: Opt<Date>
  followers!: bigint
  biography?: ScalarRef<string> | null
  settings?: { theme: string } | null
  books!: Collection<Book>
  get shout(): string {
    return this.email
  }
  greet(): string {
    return 'hello'
  }
}

class Book extends UtilityObject {
  id!: string
  author!: Ref<Author>
  editor!: Author
}

class Shelf extends UtilityObject {
  [PrimaryKeyProp]?: ['room', 'number']
  room!: string
  number!: number
}

class Tag extends UtilityObject {
  [PrimaryKeyProp]?: 'slug'
  slug!: string
}

const MixedSchema = defineEntity({ name: 'Mixed', properties: { id: p.integer().primary(), name: p.string() } })
class Mixed extends withUtility(MixedSchema.class) {}

class OfClass extends UtilityObject {
  id!: number
  name!: string
}
const OfClassSchema = defineEntity({ class: OfClass, properties: { id: p.integer().primary(), name: p.string() } })

declare const session: Session
declare const reader: ReadonlySession<PostgresManager>
declare const em: EntityManager

describe('columns', () => {
  test('are scalar properties; relations, collections, objects and methods are none', () => {
    expect<Column<Author>>().type.toBe<'id' | 'email' | 'name' | 'kind' | 'rating' | 'joinedAt' | 'followers' | 'biography' | 'shout'>()
    expect<TextColumn<Author>>().type.toBe<'email' | 'name' | 'kind' | 'biography' | 'shout'>()
    expect<Column<Book>>().type.toBe<'id'>()
  })
})

describe('getById', () => {
  test('takes the primary key', () => {
    expect(Author.getById(session, 1)).type.toBe<Promise<Author | null>>()
    expect(Book.getById(session, 'uuid')).type.toBe<Promise<Book | null>>()
    expect(Tag.getById(session, 'slug')).type.toBe<Promise<Tag | null>>()
    expect(Shelf.getById(session, ['north', 1])).type.toBe<Promise<Shelf | null>>()
  })
  test('takes sessions of every kind', () => {
    expect(Author.getById(reader, 1)).type.toBe<Promise<Author | null>>()
    expect(Author.getById(em, 1)).type.toBe<Promise<Author | null>>()
  })
  test('takes the value of another column', () => {
    expect(Author.getById(session, 'ann@example.org', 'email')).type.toBe<Promise<Author | null>>()
    expect(Author.getById(session, 12n, 'followers')).type.toBe<Promise<Author | null>>()
    expect(Author.getById(session, '12', 'followers')).type.toBe<Promise<Author | null>>()
    expect(Author.getById(session, 5, 'rating')).type.toBe<Promise<Author | null>>()
    expect(Author.getById(session, new Date(), 'joinedAt')).type.toBe<Promise<Author | null>>()
    expect(Author.getById(session, 'text', 'biography')).type.toBe<Promise<Author | null>>()
  })
  test('refuses anything else', () => {
    // @ts-expect-error! -- the key is a number
    Author.getById(session, '1')
    // @ts-expect-error! -- the key is a tuple
    Shelf.getById(session, 'north')
    // @ts-expect-error! -- in this order
    Shelf.getById(session, [1, 'north'])
    // @ts-expect-error! -- no operators
    Author.getById(session, { $ne: 0 })
    // @ts-expect-error! -- no null
    Author.getById(session, null)
    // @ts-expect-error! -- no session
    Author.getById(1)
    // @ts-expect-error! -- no such column
    Author.getById(session, 'x', 'e_mail')
    // @ts-expect-error! -- a relation is no column
    Book.getById(session, 1, 'author')
    // @ts-expect-error! -- the column holds text
    Author.getById(session, 1, 'email')
    // @ts-expect-error! -- not one of its values
    Author.getById(session, 'plumber', 'kind')
    // @ts-expect-error! -- null is no value to find a row by
    Author.getById(session, null, 'name')
  })
})

describe('getByIds', () => {
  test('takes keys of one type', () => {
    expect(Author.getByIds(session, [1, 2])).type.toBe<Promise<Author[]>>()
    expect(Author.getByIds(session, new Set([1]))).type.toBe<Promise<Author[]>>()
    expect(Author.getByIds(session, ['a'], 'email')).type.toBe<Promise<Author[]>>()
    expect(Shelf.getByIds(session, [['north', 1]])).type.toBe<Promise<Shelf[]>>()
    // @ts-expect-error! -- the key is a number
    Author.getByIds(session, [1, '2'])
    // @ts-expect-error! -- not several
    Author.getByIds(session, 1)
    // @ts-expect-error! -- the column holds text
    Author.getByIds(session, [1], 'email')
  })
})

describe('text', () => {
  test('getByColumnLower gives one or many', () => {
    expect(Author.getByColumnLower(session, 'name', 'ann')).type.toBe<Promise<Author | null>>()
    expect(Author.getByColumnLower(session, 'name', 'ann', {})).type.toBe<Promise<Author | null>>()
    expect(Author.getByColumnLower(session, 'name', 'ann', { allowMany: false })).type.toBe<Promise<Author | null>>()
    expect(Author.getByColumnLower(session, 'name', 'ann', { allowMany: true })).type.toBe<Promise<Author[]>>()
    expect(Author.getByColumnLower(session, 'name', 'ann', { allowMany: true, offset: 1, limit: 2 })).type.toBe<Promise<Author[]>>()
    // @ts-expect-error! -- a limit is of use with allowMany only
    Author.getByColumnLower(session, 'name', 'ann', { limit: 1 })
    // @ts-expect-error! -- the column holds a number
    Author.getByColumnLower(session, 'id', '1')
    // @ts-expect-error! -- the search is a text
    Author.getByColumnLower(session, 'name', 1)
    // @ts-expect-error! -- no session
    Author.getByColumnLower('name', 'ann')
  })
  test('getByColumnSimilar and getByColumnExactThenIlike', () => {
    expect(Author.getByColumnSimilar(session, 'email', 'ann', { prefixOnly: false, limit: 10 })).type.toBe<Promise<Author[]>>()
    expect(Author.getByColumnExactThenIlike(session, 'kind', 'POET')).type.toBe<Promise<Author | null>>()
    // @ts-expect-error! -- no such column
    Author.getByColumnSimilar(session, 'mail', 'ann')
    // @ts-expect-error! -- a date has no text
    Author.getByColumnExactThenIlike(session, 'joinedAt', 'ann')
    // @ts-expect-error! -- no such option
    Author.getByColumnSimilar(session, 'email', 'ann', { prefix: false })
  })
})

describe('getRange and getPage', () => {
  test('are typed by the entity', () => {
    expect(Author.getRange(session)).type.toBe<Promise<Author[]>>()
    expect(Author.getRange(session, { orderCol: ['name', 'id'], sortDirection: 'desc', where: { books: { id: 'x' } }, filters: [{ rating: { $gt: 1 } }] })).type.toBe<Promise<Author[]>>()
    expect(Book.getRange(session, { orderBy: { author: { name: 'asc' } } })).type.toBe<Promise<Book[]>>()
    expect(Author.getPage(reader, { first: 10, orderCol: 'joinedAt' })).type.toBe<Promise<Page<Author>>>()
    // @ts-expect-error! -- no such column
    Author.getRange(session, { orderCol: 'nmae' })
    // @ts-expect-error! -- a relation is no column
    Book.getPage(session, { orderCol: 'author' })
    // @ts-expect-error! -- no such direction
    Author.getRange(session, { sortDirection: 'down' })
    // @ts-expect-error! -- no such property
    Author.getRange(session, { where: { nmae: 'x' } })
    // @ts-expect-error! -- no such option
    Author.getRange(session, { limt: 5 })
    // @ts-expect-error! -- no session
    Author.getRange({ limit: 5 })
    // @ts-expect-error! -- pages have no offset
    Author.getPage(session, { offset: 5 })
  })
})

describe('entities', () => {
  test('give their columns', () => {
    expect<EntityColumns<Book>>().type.toBe<{ id: string; author: number; editor: number }>()
    expect<Awaited<ReturnType<typeof columnsAsObject<Author>>>['biography']>().type.toBe<string | null | undefined>()
    expect<keyof EntityColumns<Author>>().type.toBe<'id' | 'email' | 'name' | 'kind' | 'rating' | 'joinedAt' | 'followers' | 'biography' | 'settings' | 'shout'>()
    expect(new Shelf().columnsAsObject()).type.toBe<Promise<EntityColumns<Shelf>>>()
    expect(new Tag().loadedColumnsAsObject()).type.toBe<Partial<EntityColumns<Tag>>>()
    expect(new Tag().loadedColumnsAsList()).type.toBe<'slug'[]>()
    expect(new Tag().loadedColumnsAsList({ withValues: true })).type.toBe<['slug', unknown][]>()
  })
  test('lead to their session and request', () => {
    expect(new Tag().getDbSession()).type.toBe<Session | undefined>()
    expect(sessionOf(new Tag())).type.toBe<Session | undefined>()
    expect(new Tag().getRequest()).type.toBe<FastifyRequest | undefined>()
    expect(requestOf(new Tag())).type.toBe<FastifyRequest | undefined>()
  })
  test('have no columns from their base classes', () => {
    expect<Column<UtilityObject>>().type.toBe<never>()
    expect<Column<DeclaredTable>>().type.toBe<never>()
    expect(em.create).type.toBeCallableWith(Tag, { slug: 'x' })
  })
})

describe('the other ways to define an entity', () => {
  test('defineEntity with withUtility', () => {
    expect(Mixed.getById(session, 1)).type.toBe<Promise<Mixed | null>>()
    expect(Mixed.getRange(session, { orderCol: 'name' })).type.toBe<Promise<Mixed[]>>()
    expect<Mixed>().type.toBeAssignableTo<{ id: number; name: string; getDbSession(): unknown }>()
    // @ts-expect-error! -- the key is a number
    Mixed.getById(session, '1')
    // @ts-expect-error! -- no such column
    Mixed.getByColumnLower(session, 'nmae', 'x')
  })
  test('defineEntity with a class', () => {
    expect(OfClass.getById(session, 1)).type.toBe<Promise<OfClass | null>>()
    // @ts-expect-error! -- no such column
    OfClass.getByColumnLower(session, 'nmae', 'x')
  })
  test('functions', () => {
    expect(getById(session, Tag, 'x')).type.toBe<Promise<Tag | null>>()
    expect(getByIds(session, Author, ['x'], 'email')).type.toBe<Promise<Author[]>>()
    expect(getRange(session, OfClassSchema, { orderCol: 'name' })).type.toBe<Promise<OfClass[]>>()
    // @ts-expect-error! -- the key is a text
    getById(session, Tag, 1)
    // @ts-expect-error! -- no session
    getById(Tag, 'x')
  })
})
