// A project with legacy decorators, which is a setting of a whole program: the statics are typed as everywhere.
import { Collection, type EntityManager, type PrimaryKeyProp, type Ref } from '@mikro-orm/core'
import { Entity, Enum, ManyToOne, OneToMany, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
import { defineConfig } from '@mikro-orm/sqlite'
import { type DbSessionsContainer, DeclaredTable, defineEngines, type EnginesOf, type Session, UtilityObject } from 'fastify-sqlassist'
import { type EntityColumns, getById, type Page } from 'fastify-sqlassist/orm'
import { expect, test } from 'tstyche'

@Entity({ tableName: 'authors' })
class Author extends UtilityObject {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', unique: true })
  email!: string

  @Enum({ items: () => ['poet', 'painter'] })
  kind!: 'poet' | 'painter'

  @OneToMany({ entity: () => Book, mappedBy: 'author' })
  books = new Collection<Book>(this)
}

@Entity({ tableName: 'books' })
class Book extends UtilityObject {
  declare [PrimaryKeyProp]?: ['author', 'number']

  @ManyToOne({ entity: () => Author, primary: true, ref: true })
  author!: Ref<Author>

  @PrimaryKey({ type: 'integer' })
  number!: number
}

@Entity({ tableName: 'accounts' })
class Account extends DeclaredTable {
  @PrimaryKey({ type: 'uuid' })
  id!: string
}

declare const session: Session
declare const em: EntityManager

test('ids', () => {
  expect(Author.getById(session, 1)).type.toBe<Promise<Author | null>>()
  expect(Author.getById(session, 'a@b', 'email')).type.toBe<Promise<Author | null>>()
  expect(Book.getByIds(em, [[1, 2]])).type.toBe<Promise<Book[]>>()
  expect(getById(session, Account, 'uuid')).type.toBe<Promise<Account | null>>()
  // @ts-expect-error! -- the key is a number
  Author.getById(session, '1')
  // @ts-expect-error! -- the key is a tuple
  Book.getById(session, 1)
  // @ts-expect-error! -- no session
  Author.getById(1)
  // @ts-expect-error! -- the key is a text
  getById(session, Account, 1)
  // @ts-expect-error! -- a DeclaredTable has no helpers
  Account.getById(session, 'uuid')
})

test('columns', () => {
  expect(Author.getByColumnLower(session, 'email', 'x')).type.toBe<Promise<Author | null>>()
  expect(Author.getByColumnSimilar(session, 'kind', 'p')).type.toBe<Promise<Author[]>>()
  expect(Author.getPage(session, { orderCol: ['kind', 'email'] })).type.toBe<Promise<Page<Author>>>()
  expect(new Author().columnsAsObject()).type.toBe<Promise<EntityColumns<Author>>>()
  expect<keyof EntityColumns<Author>>().type.toBe<'id' | 'email' | 'kind'>()
  // @ts-expect-error! -- no such column
  Author.getByColumnLower(session, 'emial', 'x')
  // @ts-expect-error! -- a collection is no column
  Author.getRange(session, { orderCol: 'books' })
  // @ts-expect-error! -- not one of its values
  Author.getRange(session, { where: { kind: 'plumber' } })
})

test('repo() takes the classes of the list', () => {
  const engines = defineEngines({ writer: { config: defineConfig({ dbName: 'app.sqlite', entities: [Author, Book] }) } })
  const { writer } = {} as DbSessionsContainer<EnginesOf<typeof engines>>
  expect(writer.repo(Author).findOne).type.toBeCallableWith({ kind: 'poet' })
  expect(writer.repo).type.toBeCallableWith(Book)
  // @ts-expect-error & NotAnEntityOf<"writer">'.
  writer.repo(Account)
})
