// repo() takes what the engine lists among its entities.
import { defineEntity, type EntityManager, type EntityRepositoryType, p } from '@mikro-orm/core'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { defineConfig as definePostgres, EntityManager as PostgresManager, EntityRepository, MikroORM } from '@mikro-orm/postgresql'
import { defineConfig as defineSqlite, type EntityManager as SqliteManager } from '@mikro-orm/sqlite'
import { type DbSessionsContainer, defineEngines, type EnginesOf, sqlAssistConfig, UtilityObject } from 'fastify-sqlassist'
import { withUtility, type ReadonlyRepository } from 'fastify-sqlassist/orm'
import { describe, expect, test } from 'tstyche'

@Entity()
class Tag {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  name!: string
}

class AuthorRepository extends EntityRepository<Author> {
  async poets(): Promise<Author[]> {
    return await this.findAll({ where: { kind: 'poet' } })
  }
}

/** Has all that a Tag has. */
class Author extends UtilityObject {
  declare [EntityRepositoryType]?: AuthorRepository
  id!: number
  name!: string
  kind!: 'poet' | 'painter'
  async tags(session: Sessions['writer']): Promise<Tag[]> {
    return await session.repo(Tag).findAll()
  }
}

const Group = defineEntity({ name: 'Group', properties: { id: p.integer().primary(), title: p.string() } })
const PageSchema = defineEntity({ name: 'Page', properties: { id: p.integer().primary(), text: p.string() } })
class Page extends withUtility(PageSchema.class) {}

class Stranger {
  id!: number
}
const StrangeSchema = defineEntity({ name: 'StrangeSchema', properties: { id: p.integer().primary(), colour: p.string() } })

/** Of the same shape as Tag. */
class Label {
  id!: number
  name!: string
}
class LongTag extends Tag {
  length!: number
}

class LibraryManager extends PostgresManager {
  async tags(): Promise<number> {
    return await this.count(Tag)
  }
}
class SecretiveManager extends PostgresManager {
  #secret = 1
  secret(): number {
    return this.#secret
  }
}

const clientUrl = 'postgresql://127.0.0.1/main'
const entities = [Tag, Author, Group, PageSchema] as const
const engines = defineEngines({
  writer: { config: definePostgres({ clientUrl, entities }), default: true },
  reader: { config: definePostgres({ clientUrl, entities }), readonly: true },
  replicas: { readonly: true, follows: 'writer', replicas: [{ clientUrl }] },
  logger: { config: defineSqlite({ dbName: 'audit.sqlite', entities: [Group] }), autocommit: true },
  listed: { config: definePostgres({ clientUrl, entities: [Tag, Author, Group] }) },
  folder: { config: definePostgres({ clientUrl, entities: ['./entities', Tag] }) },
  none: { config: definePostgres({ clientUrl }) },
  library: { config: definePostgres({ clientUrl, entities, entityManager: LibraryManager }) },
  secretive: { config: definePostgres({ clientUrl, entities, entityManager: SecretiveManager }) },
  guaranteed: { config: sqlAssistConfig('guaranteed', definePostgres({ clientUrl, entities })) },
})
type Sessions = DbSessionsContainer<EnginesOf<typeof engines>>
declare const sessions: Sessions
const { writer, reader, replicas, logger, listed, folder, none, library, secretive, guaranteed } = sessions

describe('an entity of the list', () => {
  test('has its repository, in each way to define one', () => {
    const tags = writer.repo(Tag)
    expect(tags).type.toBe<EntityRepository<Tag>>()
    expect(writer.repo(Author)).type.toBe<AuthorRepository>()
    expect(writer.repo(Author).poets()).type.toBe<Promise<Author[]>>()
    expect(writer.repo(Group).findAll).type.toBeCallableWith({ where: { title: 'Choir' } })
    expect(writer.repo(Group).findAll).type.not.toBeCallableWith({ where: { titel: 'Choir' } })
    expect(writer.repo(PageSchema).findOne).type.toBeCallableWith({ text: 'x' })
    expect(logger.repo(Group).insert).type.toBeCallableWith({ title: 'Choir' })
  })

  test('is also the class that was made over the schema of the list', () => {
    const repository = writer.repo(Page)
    expect(repository).type.toBe<EntityRepository<Page>>()
  })

  test('of a readonly engine has a repository that does not write', () => {
    const tags = reader.repo(Tag)
    expect(tags).type.toBe<ReadonlyRepository<EntityRepository<Tag>>>()
    expect(tags).type.toBeAssignableTo<EntityRepository<Tag>>()
    expect(reader.repo(Tag).find).type.toBeCallableWith({ name: 'x' })
    expect(reader.repo(Author).poets()).type.toBe<Promise<Author[]>>()
    // @ts-expect-error This expression is not callable.
    void reader.repo(Tag).insert({ name: 'x' })
    // @ts-expect-error This expression is not callable.
    void replicas.repo(Tag).nativeDelete({})
    expect<(typeof tags)['upsertMany']>().type.toBe<never>()
  })
})

describe('an entity that is not in the list', () => {
  test('does not compile, and is told what to do', () => {
    // @ts-expect-error Argument of type 'typeof Stranger' is not assignable to parameter of type 'EntityName<Stranger> & NotAnEntityOf<"writer">'.
    writer.repo(Stranger)
    // @ts-expect-error Property '"add it to the 'entities' of the engine"' is missing in type 'typeof Stranger' but required in type 'NotAnEntityOf<"writer">'.
    writer.repo(Stranger)
    // @ts-expect-error required in type 'NotAnEntityOf<"reader">'.
    reader.repo(StrangeSchema)
    // @ts-expect-error & NotAnEntityOf<"replicas">'.
    replicas.repo(Stranger)
    // @ts-expect-error & NotAnEntityOf<"logger">'.
    logger.repo(Tag)
    // @ts-expect-error & NotAnEntityOf<"guaranteed">'.
    guaranteed.repo(Stranger)
    // @ts-expect-error & NotAnEntityOf<"listed">'.
    listed.repo(Stranger)
    // @ts-expect-error & NotAnEntityOf<"library">'.
    library.repo(Stranger)
  })

  test('neither does one that has all that a listed one has, and more', () => {
    // @ts-expect-error & NotAnEntityOf<"writer">'.
    writer.repo(LongTag)
  })

  test('does where the list is not `as const`: of Tag and Author, which has all of it, the compiler has kept Tag', () => {
    expect(listed.repo).type.toBeCallableWith(Author)
    expect(listed.repo).type.toBeCallableWith(LongTag)
  })

  test('does where it has the same properties: the compiler tells shapes, not classes', () => {
    expect(writer.repo).type.toBeCallableWith(Label)
  })

  test('nor in a fork or a transaction', async () => {
    await writer.transactional(async (em) => {
      expect(em.repo).type.toBeCallableWith(Tag)
      expect(em.repo).type.not.toBeCallableWith(Stranger)
    })
    expect(writer.fork().repo).type.not.toBeCallableWith(Stranger)
  })
})

describe('where there is no list of classes, repo() is as MikroORM has it', () => {
  test('folders, or nothing', () => {
    expect(folder.repo).type.toBeCallableWith(Stranger)
    expect(none.repo).type.toBeCallableWith(Stranger)
  })

  test('an EntityManager with private members', () => {
    expect(secretive).type.toBeAssignableTo<SecretiveManager>()
    expect(secretive.repo).type.toBeCallableWith(Stranger)
  })

  test('a MikroORM of the application has its list', async () => {
    const orm = await MikroORM.init({ entities })
    const made = defineEngines({ writer: { orm } })
    const own = {} as DbSessionsContainer<EnginesOf<typeof made>>
    expect(own.writer.repo).type.toBeCallableWith(Tag)
    expect(own.writer.repo).type.not.toBeCallableWith(Stranger)
  })
})

test('a session is the EntityManager that it was', () => {
  expect(writer).type.toBeAssignableTo<PostgresManager>()
  expect(reader).type.toBeAssignableTo<PostgresManager>()
  expect(writer).type.toBeAssignableTo<EntityManager>()
  expect(logger).type.toBeAssignableTo<SqliteManager>()
  expect(library).type.toBeAssignableTo<LibraryManager>()
  expect(library.tags()).type.toBe<Promise<number>>()
  expect(writer.refreshMaterializedView).type.toBeCallableWith(Group)
  expect(writer.getKysely().selectFrom).type.not.toBeCallableWith('gruop')
  expect(writer.getRepository).type.toBeCallableWith(Stranger)
})
