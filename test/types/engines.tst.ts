// What is inferred from engines, without declaring them for the whole program.
import { defineEntity, type EntityManager, type InferEntity, type MikroORM, p } from '@mikro-orm/core'
import { defineConfig as definePostgres, EntityManager as PostgresManager, MikroORM as PostgresORM } from '@mikro-orm/postgresql'
import { defineConfig as defineSqlite, type EntityManager as SqliteManager } from '@mikro-orm/sqlite'
import { createSqlAssist, DbSessionsContainer, defineEngines, type EnginesOf, type ReadonlySession, type Session, sqlAssistConfig, type SqlAssistPluginOptions, type SqlAssistRouteOptions, type WriteMethod } from 'fastify-sqlassist'
import { describe, expect, test } from 'tstyche'

const Group = defineEntity({ name: 'Group', properties: { id: p.integer().primary(), name: p.string() } })

class LibraryManager extends PostgresManager {
  async groups(): Promise<number> {
    return await this.count(Group)
  }
}

const engines = defineEngines({
  writer: { config: definePostgres({ clientUrl: 'postgresql://127.0.0.1/main', entities: [Group] }), default: true },
  reader: { config: definePostgres({ clientUrl: 'postgresql://127.0.0.1/main', entities: [Group] }), readonly: true },
  logger: { config: defineSqlite({ dbName: 'audit.sqlite', entities: [Group] }), autocommit: true },
  custom: { config: definePostgres({ entities: [Group], entityManager: LibraryManager }) },
  guaranteed: { config: sqlAssistConfig('guaranteed', definePostgres({ entities: [Group] })) },
})
declare const group: InferEntity<typeof Group>
type Engines = EnginesOf<typeof engines>
declare const container: DbSessionsContainer<Engines>

describe('defineEngines', () => {
  test('keeps what was written', () => {
    expect(engines.reader.readonly).type.toBe<true>()
    expect(engines.logger.autocommit).type.toBe<true>()
    expect(defineEngines).type.not.toBeCallableWith({ writer: { readonly: 'yes' } })
  })
})

describe('a session is typed by its driver', () => {
  test('PostgreSQL and SQLite', () => {
    expect(container.writer).type.toBeAssignableTo<PostgresManager>()
    expect(container.logger).type.toBeAssignableTo<SqliteManager>()
    expect(container.guaranteed).type.toBeAssignableTo<PostgresManager>()
    expect(container.writer.execute).type.toBeCallableWith('select 1')
    expect(container.logger.execute).type.toBeCallableWith('select 1')
    expect(container.guaranteed.getKysely).type.toBeCallableWith()
  })

  test('an EntityManager class of your own', () => {
    expect(container.custom).type.toBeAssignableTo<LibraryManager>()
    expect(container.custom.groups()).type.toBe<Promise<number>>()
  })

  test('kysely knows the tables', () => {
    expect(container.writer.getKysely().selectFrom).type.toBeCallableWith('group')
    expect(container.writer.getKysely().selectFrom).type.not.toBeCallableWith('gruop')
  })

  test('what fork() and transactional() give is a session, too', () => {
    expect(container.writer.fork()).type.toHaveProperty('persistAndFlush')
    void container.writer.transactional(async (em) => {
      expect(em).type.toHaveProperty('persistAndFlush')
      expect(em).type.toHaveProperty('getKysely')
    })
  })

  test('a MikroORM that the application has made', async () => {
    const orm = await PostgresORM.init({ entities: [Group] })
    const made = defineEngines({ writer: { orm }, reader: { orm, readonly: true } })
    const sessions = {} as DbSessionsContainer<EnginesOf<typeof made>>
    expect(sessions.writer).type.toBeAssignableTo<PostgresManager>()
    expect(sessions.writer).type.toHaveProperty('persistAndFlush')
    expect<typeof sessions.reader['flush']>().type.toBe<never>()
    const core = {} as MikroORM
    const plain = defineEngines({ writer: { orm: core } })
    expect<EnginesOf<typeof plain>['writer']>().type.toBeAssignableTo<Session>()
  })
})

const options = <T extends SqlAssistPluginOptions>(given: T): T => given

describe('an engine with replicas', () => {
  const clientUrl = 'postgresql://127.0.0.1/main'
  const urls: readonly string[] = [clientUrl]
  const replicated = defineEngines({
    writer: { config: definePostgres({ clientUrl, entities: [Group] }), default: true },
    reader: { readonly: true, follows: 'writer', replicas: [definePostgres({ clientUrl, entities: [Group] }), definePostgres({ clientUrl })], fallback: 'error', limits: { replicaWaitMs: 50, replicaLagMs: 1000 } },
    listed: { readonly: true, follows: 'writer', replicas: urls.map((url) => definePostgres({ clientUrl: url, entities: [Group] })) },
    brief: { readonly: true, follows: 'writer', replicas: [{ clientUrl }] },
    custom: { readonly: true, follows: 'writer', replicas: [definePostgres({ clientUrl, entityManager: LibraryManager })] },
  })
  const sessions = {} as DbSessionsContainer<EnginesOf<typeof replicated>>

  test('has readonly sessions of its driver', () => {
    expect(sessions.reader).type.toBeAssignableTo<PostgresManager>()
    expect(sessions.listed).type.toBeAssignableTo<PostgresManager>()
    expect(sessions.brief).type.toBeAssignableTo<PostgresManager>()
    expect<typeof sessions.reader['flush']>().type.toBe<never>()
    expect<typeof sessions.listed['persist']>().type.toBe<never>()
    expect<typeof sessions.brief['persistAndFlush']>().type.toBe<never>()
    expect(sessions.custom.groups()).type.toBe<Promise<number>>()
  })

  test('knows the tables', () => {
    expect(sessions.reader.getKysely().selectFrom).type.toBeCallableWith('group')
    expect(sessions.reader.getKysely().selectFrom).type.not.toBeCallableWith('gruop')
    expect(sessions.listed.getKysely().selectFrom).type.not.toBeCallableWith('gruop')
    expect(sessions.brief.getKysely().selectFrom).type.toBeCallableWith('group')
    expect(sessions.brief.getKysely().selectFrom).type.not.toBeCallableWith('gruop')
  })

  test('options of consistency', () => {
    for (const consistency of ['eventual', 'session', 'strong', { maxLagMs: 500 }] as const) {
      expect(options).type.toBeCallableWith({ consistency, consistencyToken: { secret: ['x'], transport: 'header' as const } })
    }
    expect(options).type.not.toBeCallableWith({ consistency: 'Session' })
    expect(options).type.not.toBeCallableWith({ consistency: { maxLag: 5 } })
    expect(options).type.not.toBeCallableWith({ consistencyToken: { transport: 'query' } })
    expect({ consistency: 'eventual' } as const).type.toBeAssignableTo<SqlAssistRouteOptions>()
    expect(defineEngines).type.not.toBeCallableWith({ reader: { replicas: 'writer' } })
    expect(sessions.$token()).type.toBe<Promise<string | undefined>>()
  })
})

describe('a readonly session', () => {
  test('is an EntityManager', () => {
    const read = async (em: EntityManager): Promise<number> => await em.count(Group)
    expect(read).type.toBeCallableWith(container.reader)
    expect(container.reader).type.toBeAssignableTo<PostgresManager>()
    expect(container.reader.find).type.toBeCallableWith(Group, { name: 'Ada' })
    expect(container.reader.execute).type.toBeCallableWith('select 1')
  })

  test('has no way to write', () => {
    expect<(typeof container.reader)[WriteMethod]>().type.toBe<never>()
    expect<WriteMethod>().type.toBe<
      'persist' | 'remove' | 'flush' | 'tryFlush' | 'insert' | 'insertMany' | 'upsert' | 'upsertMany' | 'nativeUpdate' | 'nativeDelete' | 'persistAndFlush' | 'removeAndFlush'
    >()
    // @ts-expect-error This expression is not callable
    container.reader.persist(group)
    // @ts-expect-error This expression is not callable
    void container.reader.flush()
    // @ts-expect-error This expression is not callable
    void container.reader.persistAndFlush(group)
    // @ts-expect-error This expression is not callable
    void container.any.nativeDelete(Group, {})
  })
})

describe('a container', () => {
  test('knows its engines', () => {
    expect(container.get('writer')).type.toBe(container.writer)
    expect(container.get('reader')).type.toBe(container.reader)
    expect(container.getReader()).type.toBe(container.reader)
    expect(container.getWriter()).type.toBe(container.writer)
    expect(container.getLogger()).type.toBe(container.logger)
    expect(container.any).type.toBe<ReadonlySession>()
    expect(container.get).type.not.toBeCallableWith('nope')
    expect(container).type.not.toHaveProperty('nope')
    expect(container.status.writer).type.toBe<'INIT' | 'START' | 'END'>()
  })

  test('can be subclassed, whatever its engines are', () => {
    class TwoOnly extends DbSessionsContainer<Pick<Engines, 'writer' | 'reader'>> {}
    expect({ containerClass: TwoOnly, engines }).type.toBeAssignableTo<SqlAssistPluginOptions>()
    expect<TwoOnly>().type.not.toHaveProperty('logger')
    class Sessions extends DbSessionsContainer<Engines> {
      get groups(): Promise<number> {
        return this.writer.count(Group)
      }
    }
    expect({ containerClass: Sessions, engines }).type.toBeAssignableTo<SqlAssistPluginOptions>()
    expect<Sessions>().type.toHaveProperty('groups')
    expect<Sessions['writer']>().type.toBe<Engines['writer']>()
    expect({ containerClass: class {}, engines }).type.not.toBeAssignableTo<SqlAssistPluginOptions>()
  })
})

describe('createSqlAssist', () => {
  test('infers the engines', async () => {
    const db = await createSqlAssist({ engines })
    expect(db.session()).type.toBe<DbSessionsContainer<Engines>>()
    expect(db.engine).type.toBeCallableWith('writer')
    expect(db.engine).type.not.toBeCallableWith('nope')
    const inline = await createSqlAssist({ engines: { only: { config: defineSqlite({ dbName: ':memory:' }), readonly: true } } })
    expect<ReturnType<typeof inline.session>['only']['flush']>().type.toBe<never>()
  })

  test('of names that are computed, nothing is known', async () => {
    const db = await createSqlAssist({ engines: new Map([['tenant-7', { config: defineSqlite({ dbName: ':memory:' }) }]]) })
    expect(db.session().get('tenant-7')).type.toBe<Session>()
    expect(db.engine).type.toBeCallableWith('tenant-7')
    const tenants: Record<string, { config: ReturnType<typeof defineSqlite> }> = {}
    const named = await createSqlAssist({ engines: tenants })
    expect(named.session().get).type.toBeCallableWith('tenant-7')
  })

  test('is what the plugin takes', async () => {
    expect({ sqlassist: await createSqlAssist({ engines }) }).type.toBeAssignableTo<SqlAssistPluginOptions>()
    expect({ engines, attribute: 'db', requestContext: 'writer' }).type.toBeAssignableTo<SqlAssistPluginOptions>()
    expect({ engines, requestContext: true }).type.not.toBeAssignableTo<SqlAssistPluginOptions>()
  })
})

describe('transactions', () => {
  test('hooks are given the typed sessions', () => {
    container.transaction.afterCommit((sessions) => {
      expect(sessions.writer).type.toBeAssignableTo<PostgresManager>()
      expect(sessions).type.not.toHaveProperty('nowhere')
    })
    container.transaction.afterAbort((sessions, reason) => {
      expect(sessions.logger).type.toBeAssignableTo<SqliteManager>()
      expect(reason).type.toBe<unknown>()
    })
    expect(container.transaction.join).type.not.toBeCallableWith({ sortKey: 'a mailer without phases' })
  })

  test('a job gets typed sessions, and what it returns', async () => {
    const db = await createSqlAssist({ engines })
    expect(db.transaction(async ({ writer }) => await writer.count(Group))).type.toBe<Promise<number>>()
    expect(db.transaction).type.not.toBeCallableWith(async () => {}, { isolationLevel: 'chaos' })
    expect(db.transaction).type.toBeCallableWith(async () => {}, { isolationLevel: 'serializable', retry: { attempts: 3 } })
  })
})

describe('routes', () => {
  test('say what they want', () => {
    const options = { transaction: 'request', retry: { attempts: 2 }, commitVeto: (_request: unknown, reply: { statusCode: number }) => reply.statusCode > 200 } as const
    expect(options).type.toBeAssignableTo<SqlAssistRouteOptions>()
    expect({ transaction: 'always' } as const).type.not.toBeAssignableTo<SqlAssistRouteOptions>()
  })
})
