// A library whose books have an author and tags: a relation of each kind, to be loaded lazily.
import { Collection, type Ref } from '@mikro-orm/core'
import { Entity, ManyToMany, ManyToOne, OneToMany, PrimaryKey, Property } from '@mikro-orm/decorators/es'

@Entity()
export class Author {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) name!: string
  @OneToMany({ entity: () => Book, mappedBy: 'author' }) books = new Collection<Book>(this)
}

@Entity()
export class Tag {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) label!: string
}

@Entity()
export class Book {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) title!: string
  @ManyToOne({ entity: () => Author, ref: true }) author!: Ref<Author>
  @ManyToMany({ entity: () => Tag }) tags = new Collection<Tag>(this)
}
