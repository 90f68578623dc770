// A table for what is inserted and must not stay, and two with a relation, for what is loaded lazily after the end.
import { Collection, type Ref } from '@mikro-orm/core'
import { Entity, ManyToOne, OneToMany, PrimaryKey, Property } from '@mikro-orm/decorators/es'

@Entity()
export class Note {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) text!: string
}

@Entity()
export class Author {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) name!: string
  @OneToMany({ entity: () => Book, mappedBy: 'author' }) books = new Collection<Book>(this)
}

@Entity()
export class Book {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) title!: string
  @ManyToOne({ entity: () => Author, ref: true }) author!: Ref<Author>
}
