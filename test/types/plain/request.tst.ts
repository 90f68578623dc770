// Before any engines are declared: the first example of the README compiles.
import type { EntityManager } from '@mikro-orm/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ReadonlySession, Session } from 'fastify-sqlassist'
import type { Engine } from 'fastify-sqlassist/orm'
import { expect, test } from 'tstyche'

declare const request: FastifyRequest
declare const app: FastifyInstance
declare class Group {
  id: number
}
declare const group: Group
const { dbSession } = request

test('reader, writer and logger are EntityManagers of no particular driver', () => {
  expect(dbSession.reader).type.toBe<Session>()
  expect(dbSession.writer).type.toBe<Session>()
  expect(dbSession.logger).type.toBe<Session>()
  expect(dbSession.writer).type.toBeAssignableTo<EntityManager>()
  expect(dbSession.writer.persistAndFlush).type.toBeCallableWith(group)
  expect(dbSession.writer.removeAndFlush).type.toBeCallableWith([group])
  expect(dbSession.reader.find).type.toBeCallableWith(Group, {})
  expect(dbSession.getWriter()).type.toBe<Session>()
  expect(dbSession.any).type.toBe<ReadonlySession>()
})

test('other names are asked for with get()', () => {
  expect(dbSession).type.not.toHaveProperty('archive')
  expect(dbSession.get).type.toBeCallableWith('archive')
  expect(dbSession.get('writer')).type.toBe<Session>()
})

test('any engine may be asked for', () => {
  expect(app.sqlassist.engine).type.toBeCallableWith('archive')
  expect(app.sqlassist.engine()).type.toBe<Engine>()
})
