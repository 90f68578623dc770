// The model of the battery: a small library. Each of its classes is registered on every engine of a combination.
import { Collection, type Hidden, type Opt, PrimaryKeyProp, type Ref } from '@mikro-orm/core'
import {
  Embeddable, Embedded, Entity, Enum, Formula, ManyToMany, ManyToOne, OneToMany, OneToOne, PrimaryKey, Property, Unique,
} from '@mikro-orm/decorators/es'
import { MoneyType, ShelfMarkType } from './types.ts'

export enum Genre {
  Novel = 'novel',
  Essay = 'essay',
  Poetry = 'poetry',
}

@Embeddable()
export class Address {
  @Property({ type: 'string' })
  street!: string

  @Property({ type: 'string' })
  city!: string

  @Property({ type: MoneyType, nullable: true })
  rent?: number
}

@Embeddable()
export class Contact {
  @Property({ type: 'string' })
  mail!: string

  @Property({ type: 'string', nullable: true })
  phone?: string

  @Property({ type: MoneyType, nullable: true })
  fee?: number
}

@Entity()
export class Author {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  name!: string

  @Property({ type: 'string', nullable: true })
  @Unique()
  mail?: string

  @Property({ type: 'json', nullable: true })
  settings?: { theme?: string; fonts?: string[] }

  @Property({ type: 'datetime', nullable: true })
  born?: Date

  @Embedded({ entity: () => Address, nullable: true })
  address?: Address

  @Embedded({ entity: () => Contact, nullable: true, object: true })
  contact?: Contact

  @Property({ type: 'string', hidden: true, default: 'secret' })
  password: Hidden & Opt & string = 'secret'

  @Formula((columns) => `upper(${columns['name']})`, { type: 'string', lazy: true })
  shout?: string

  @OneToOne({ entity: () => Profile, mappedBy: 'author', ref: true, nullable: true })
  profile?: Ref<Profile> | null

  @OneToMany({ entity: () => Book, orderBy: { id: 'asc' }, mappedBy: 'author' })
  books = new Collection<Book>(this)

  @ManyToMany({ entity: () => Author, orderBy: { id: 'asc' }, inversedBy: 'admirers' })
  admires = new Collection<Author>(this)

  @ManyToMany({ entity: () => Author, orderBy: { id: 'asc' }, mappedBy: 'admires' })
  admirers = new Collection<Author>(this)
}

@Entity()
export class Profile {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'text', nullable: true })
  bio?: string

  @OneToOne({ entity: () => Author, inversedBy: 'profile', ref: true, nullable: true })
  author?: Ref<Author> | null
}

@Entity({ discriminatorColumn: 'kind', abstract: true })
export abstract class Publisher {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  name!: string

  @OneToMany({ entity: () => Book, orderBy: { id: 'asc' }, mappedBy: 'publisher' })
  books = new Collection<Book>(this)
}

@Entity({ discriminatorValue: 'house' })
export class House extends Publisher {
  @Property({ type: 'string', nullable: true })
  city?: string
}

@Entity({ discriminatorValue: 'imprint' })
export class Imprint extends Publisher {
  @ManyToOne({ entity: () => House, nullable: true })
  owner?: House
}

/** A place on the shelves; its primary key is of a custom type. */
@Entity()
export class Shelf {
  [PrimaryKeyProp]?: 'mark'

  @PrimaryKey({ type: ShelfMarkType })
  mark!: string

  @Property({ type: 'integer', default: 0 })
  capacity: Opt & number = 0

  @OneToMany({ entity: () => Book, orderBy: { id: 'asc' }, mappedBy: 'shelf' })
  books = new Collection<Book>(this)
}

@Entity()
export class Book {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  title!: string

  @Enum({ items: () => Genre, default: Genre.Novel })
  genre: Genre & Opt = Genre.Novel

  @Property({ type: MoneyType, nullable: true })
  price?: number

  @Property({ type: 'integer', version: true })
  version!: number & Opt

  @ManyToOne({ entity: () => Author, ref: true, nullable: true, inversedBy: 'books' })
  author?: Ref<Author> | null

  @ManyToOne({ entity: () => Publisher, nullable: true, inversedBy: 'books' })
  publisher?: Publisher

  @ManyToOne({ entity: () => Shelf, nullable: true, inversedBy: 'books' })
  shelf?: Shelf | null

  @ManyToMany({ entity: () => Tag, orderBy: { id: 'asc' }, inversedBy: 'books' })
  tags = new Collection<Tag>(this)

  @OneToMany({ entity: () => Chapter, orderBy: { number: 'asc' }, mappedBy: 'book', orphanRemoval: true })
  chapters = new Collection<Chapter>(this)
}

@Entity()
export class Chapter {
  @ManyToOne({ entity: () => Book, primary: true, inversedBy: 'chapters' })
  book!: Book

  @PrimaryKey({ type: 'integer' })
  number!: number

  @Property({ type: 'string' })
  title!: string
}

@Entity()
export class Tag {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  name!: string

  @ManyToOne({ entity: () => Tag, nullable: true, inversedBy: 'narrower' })
  broader?: Tag | null

  @OneToMany({ entity: () => Tag, orderBy: { id: 'asc' }, mappedBy: 'broader' })
  narrower = new Collection<Tag>(this)

  @ManyToMany({ entity: () => Book, orderBy: { id: 'asc' }, mappedBy: 'tags' })
  books = new Collection<Book>(this)
}

/** What every engine of a combination registers. */
export const entities = [Author, Profile, Publisher, House, Imprint, Shelf, Book, Chapter, Tag]

/** Registered on some engines in the combinations where discovery has to run for each engine. */
@Entity()
export class AuditLine {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  text!: string
}

@Entity()
export class Visit {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @ManyToOne({ entity: () => Author })
  visitor!: Author
}
