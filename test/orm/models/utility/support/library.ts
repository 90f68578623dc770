// A small library, for the tests of the helpers: every kind of column that they meet.
import { Collection, type Opt, PrimaryKeyProp, type Ref, types } from '@mikro-orm/core'
import { Embeddable, Embedded, Entity, Enum, Formula, ManyToMany, ManyToOne, OneToMany, OneToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/es'
import { UtilityObject } from 'fastify-sqlassist/orm'

@Embeddable()
export class Address {
  @Property({ type: 'string' })
  city!: string

  @Property({ type: 'string', nullable: true })
  street?: string
}

@Entity({ tableName: 'authors' })
export class Author extends UtilityObject {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', unique: true })
  email!: string

  @Property({ type: 'string' })
  name!: string

  /** Two words and a reserved one, so that quoting matters. */
  @Property({ type: 'string', fieldName: 'order group', nullable: true })
  group?: string | null

  @Property({ type: 'integer', nullable: true })
  born?: number | null

  @Property({ type: 'text', lazy: true, nullable: true })
  biography?: string | null

  @Property({ type: 'text', lazy: true, ref: true, nullable: true })
  letters?: Ref<string> | null

  @Property({ type: 'datetime', length: 3, nullable: true })
  joinedAt?: Opt<Date> | null

  @Property({ type: 'json', nullable: true })
  settings?: { theme: string } | null

  @Embedded({ entity: () => Address, nullable: true })
  address?: Address | null

  @Formula((columns) => `length(${columns['name']})`, { type: 'integer' })
  nameLength?: Opt<number>

  @OneToMany({ entity: () => Book, mappedBy: 'author' })
  books = new Collection<Book>(this)
}

@Entity({ tableName: 'books' })
@Unique({ properties: ['title', 'edition'] })
export class Book extends UtilityObject {
  @PrimaryKey({ type: 'uuid' })
  id!: string

  @Unique()
  @Property({ type: types.bigint })
  isbn!: bigint

  @Property({ type: 'string' })
  title!: string

  @Property({ type: 'smallint' })
  edition!: number

  @Property({ type: types.decimal, precision: 10, scale: 2, nullable: true, unique: true })
  price?: string | null

  @Enum({ items: () => ['hard', 'soft'], nullable: true })
  cover?: 'hard' | 'soft' | null

  @Property({ type: 'boolean', nullable: true })
  lent?: boolean | null

  @ManyToOne({ entity: () => Author, ref: true })
  author!: Ref<Author>

  @ManyToMany({ entity: () => Tag, owner: true })
  tags = new Collection<Tag>(this)
}

@Entity({ tableName: 'tags' })
export class Tag extends UtilityObject {
  @PrimaryKey({ type: 'string' })
  slug!: string;

  [PrimaryKeyProp]?: 'slug'
}

/** A composite key of plain columns. */
@Entity({ tableName: 'shelves' })
export class Shelf extends UtilityObject {
  [PrimaryKeyProp]?: ['room', 'number']

  @PrimaryKey({ type: 'string' })
  room!: string

  @PrimaryKey({ type: 'integer' })
  number!: number

  @Property({ type: 'string' })
  label!: string
}

/** A composite key of a relation to a composite key and a column. */
@Entity({ tableName: 'places' })
export class Place extends UtilityObject {
  [PrimaryKeyProp]?: ['shelf', 'position']

  @ManyToOne({ entity: () => Shelf, primary: true, ref: true })
  shelf!: Ref<Shelf>

  @PrimaryKey({ type: 'integer' })
  position!: number

  @OneToOne({ entity: () => Book, owner: true, ref: true, nullable: true })
  book?: Ref<Book> | null
}

/** Parent and child in tables of their own, so that a column of the child's rows may lie in the parent's table. */
@Entity({ tableName: 'media', inheritance: 'tpt' })
export class Medium extends UtilityObject {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  title!: string
}

@Entity({ tableName: 'films' })
export class Film extends Medium {
  @Property({ type: 'string' })
  director!: string
}

export const entities = [Author, Book, Tag, Shelf, Place, Medium, Film]
