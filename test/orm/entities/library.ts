// A small model, and engines on it, for the tests of who owns an entity.
import { Collection, type Ref } from '@mikro-orm/core'
import { Entity, ManyToMany, ManyToOne, OneToMany, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/es'
import { SqliteDriver, type SqlEntityManager } from '@mikro-orm/sqlite'
import { createSqlAssist, type Session } from 'fastify-sqlassist/orm'
import { sqliteFile } from '../../support/databases.ts'

@Entity()
export class Author {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  name!: string

  @Property({ type: 'string', nullable: true })
  @Unique()
  mail?: string | null

  @OneToMany({ entity: () => Book, mappedBy: 'author' })
  books = new Collection<Book>(this)
}

@Entity()
export class Book {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  title!: string

  @ManyToOne({ entity: () => Author, ref: true, nullable: true, inversedBy: 'books' })
  author?: Ref<Author> | null

  @ManyToMany({ entity: () => Tag, inversedBy: 'books' })
  tags = new Collection<Tag>(this)
}

@Entity()
export class Tag {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  name!: string

  @ManyToMany({ entity: () => Book, mappedBy: 'tags' })
  books = new Collection<Book>(this)
}

/** Known to no engine of these tests. */
@Entity()
export class Stranger {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  name!: string
}

export type SqlSession = Session<SqlEntityManager>

interface Test {
  teardown(fn: () => unknown): unknown
}

/** Engines `writer` and `reader` on one SQLite file with an author, two books and two tags; a container is one session per engine. */
export async function openLibrary(t: Test) {
  const dbName = sqliteFile(t)
  const config = { driver: SqliteDriver, dbName, entities: [Author, Book, Tag] }
  const library = await createSqlAssist({ engines: { writer: { config }, reader: { config, readonly: true } } })
  t.teardown(async () => await library.dispose())
  const { orm } = library.engine('writer')
  await orm.schema.create()
  const em = orm.em.fork()
  const ada = em.create(Author, { name: 'Ada', mail: 'ada@example.org' })
  em.create(Book, { title: 'Numbers', author: ada, tags: [em.create(Tag, { name: 'science' })] })
  em.create(Book, { title: 'Islands', author: ada })
  em.create(Tag, { name: 'travel' })
  await em.flush()
  em.clear()
  /** A container that is closed with the test. */
  const open = () => {
    const container = library.session()
    t.teardown(async () => await container.close())
    return container
  }
  return {
    library,
    open,
    /** A writer session of its own. */
    session: (): SqlSession => open().writer,
    reader: (): SqlSession => open().reader,
    /** What is in the database, read past all sessions. */
    rows: async <T extends object>(sql: string): Promise<T[]> => await orm.em.fork().getConnection().execute<T[]>(sql),
  }
}
