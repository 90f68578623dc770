// What request.dbSession and app.sqlassist know of engines that were declared.
import type { EntityManager, InferEntity } from '@mikro-orm/core'
import type { SqlEntityManager as PostgresManager } from '@mikro-orm/postgresql'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { DbSessionsContainer, ReadonlySession, SessionInfo, SqlAssist, SqlAssistEngines, SqlAssistRouteOptions } from 'fastify-sqlassist'
import { describe, expect, test } from 'tstyche'
import type { Engine } from 'fastify-sqlassist/orm'
import { Invoice } from './engines.ts'

declare const invoice: InferEntity<typeof Invoice>
declare const request: FastifyRequest
declare const app: FastifyInstance
const { dbSession } = request

describe('request.dbSession', () => {
  test('has a property per engine and no other', () => {
    expect(dbSession).type.toHaveProperty('ledger')
    expect(dbSession).type.toHaveProperty('mirror')
    expect(dbSession).type.toHaveProperty('journal')
    expect(dbSession).type.not.toHaveProperty('legder')
    expect(dbSession).type.not.toHaveProperty('nope')
  })

  test('get() takes their names', () => {
    expect(dbSession.get('ledger')).type.toBe(dbSession.ledger)
    expect(dbSession.get('mirror')).type.toBe(dbSession.mirror)
    expect(dbSession.get).type.not.toBeCallableWith('nope')
  })

  test('a writable session has what its driver has', () => {
    expect(dbSession.ledger).type.toBeAssignableTo<EntityManager>()
    expect(dbSession.ledger).type.toBeAssignableTo<PostgresManager>()
    expect(dbSession.ledger.execute).type.toBeCallableWith('select 1')
    expect(dbSession.ledger).type.toHaveProperty('getKysely')
    expect(dbSession.ledger).type.toHaveProperty('createQueryBuilder')
    expect(dbSession.journal.execute).type.toBeCallableWith('select 1')
    expect(dbSession.ledger.persistAndFlush).type.toBeCallableWith(invoice)
    expect(dbSession.ledger.persistAndFlush).type.toBeCallableWith([invoice])
  })

  test('columns and keys are checked', () => {
    expect(dbSession.ledger.find).type.toBeCallableWith(Invoice, { total: 7 })
    expect(dbSession.ledger.find).type.not.toBeCallableWith(Invoice, { totl: 7 })
    expect(dbSession.mirror.find).type.toBeCallableWith(Invoice, { total: { $gt: 7 } })
    expect(dbSession.mirror.find).type.not.toBeCallableWith(Invoice, { total: 'seven' })
    expect(dbSession.mirror.findOne).type.toBeCallableWith(Invoice, 7)
  })

  test('a readonly session refuses to write, and is an EntityManager all the same', () => {
    expect(dbSession.mirror).type.toBeAssignableTo<EntityManager>()
    expect(dbSession.mirror).type.toBeAssignableTo<PostgresManager>()
    expect<typeof dbSession.mirror['persist']>().type.toBe<never>()
    expect<typeof dbSession.mirror['flush']>().type.toBe<never>()
    expect<typeof dbSession.mirror['nativeUpdate']>().type.toBe<never>()
    expect<typeof dbSession.mirror['persistAndFlush']>().type.toBe<never>()
  })

  test('any may only read', () => {
    expect(dbSession.any).type.toBe<ReadonlySession>()
    expect(dbSession.getAny()).type.toBe<ReadonlySession>()
    expect<typeof dbSession.any['persist']>().type.toBe<never>()
  })

  test('status and info', () => {
    expect(dbSession.status.ledger).type.toBe<'INIT' | 'START' | 'END'>()
    expect(dbSession.status).type.not.toHaveProperty('nope')
    expect(dbSession.ledger.info).type.toBe<SessionInfo>()
    expect(dbSession.ledger.info.request).type.toBe<FastifyRequest | undefined>()
    expect(dbSession.ledger.engineName).type.toBe<string>()
  })

  test('with another attribute the container is declared by hand', () => {
    expect<DbSessionsContainer<SqlAssistEngines>>().type.toBe<typeof dbSession>()
  })
})

const handler = async (): Promise<void> => {}

describe('what is mistyped is told by name', () => {
  test('an engine', () => {
    // @ts-expect-error Property 'legder' does not exist on type
    void dbSession.legder
    // @ts-expect-error Argument of type '"legder"' is not assignable to parameter of type '"ledger" | "mirror" | "journal"'.
    dbSession.get('legder')
    // @ts-expect-error Argument of type '"legder"' is not assignable to parameter of type '"ledger" | "mirror" | "journal" | undefined'.
    app.sqlassist.engine('legder')
  })

  test('a write', () => {
    // @ts-expect-error This expression is not callable.
    dbSession.mirror.persist(invoice)
  })

  test('an option of a route', () => {
    app.get('/right', { config: { sqlassist: { transaction: 'request', retry: { attempts: 3 } } } }, handler)
    // @ts-expect-error Type 'string' is not assignable to type 'never'.
    app.get('/wrong', { config: { sqlassist: { transaction: 'always' } } }, handler)
    // Of what a route's config holds beside ours Fastify makes the route's own type: a mistyped name is refused when the route is registered, or here by `satisfies`.
    app.get('/mistyped', { config: { sqlassist: { transactoin: 'request' } } }, handler)
    // @ts-expect-error 'transactoin' does not exist in type 'SqlAssistRouteOptions'.
    app.get('/satisfies', { config: { sqlassist: { transactoin: 'request' } satisfies SqlAssistRouteOptions } }, handler)
  })
})

describe('app.sqlassist', () => {
  test('engine() takes the names', () => {
    expect(app.sqlassist).type.toBe<SqlAssist<SqlAssistEngines>>()
    expect(app.sqlassist.engine('ledger')).type.toBe<Engine>()
    expect(app.sqlassist.engine()).type.toBe<Engine>()
    expect(app.sqlassist.engine).type.not.toBeCallableWith('nope')
  })

  test('session() gives the same container', () => {
    expect(app.sqlassist.session()).type.toBe<typeof dbSession>()
  })
})
