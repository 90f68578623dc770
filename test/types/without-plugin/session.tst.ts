// An application without Fastify, which no file here imports: what it knows of its sessions is what it says itself.
import { requestOf, type SessionInfo, sessionOf, type SessionRequest, UtilityObject } from 'fastify-sqlassist/orm'
import { expect, test } from 'tstyche'

declare module 'fastify-sqlassist/orm' {
  interface SessionInfo {
    job?: string
  }
}

class Author extends UtilityObject {
  id!: number
}

test('a session has the info of the job, and no request', () => {
  expect<SessionInfo>().type.toBe<{ job?: string }>()
  expect(sessionOf(new Author())?.info.job).type.toBe<string | undefined>()
  expect<SessionInfo>().type.not.toHaveProperty('request')
  expect({ job: 7 }).type.not.toBeAssignableTo<SessionInfo>()
})

test('a request is nothing that could be used', () => {
  expect<SessionRequest>().type.toBe<unknown>()
  expect(requestOf(new Author())).type.toBe<unknown>()
  expect(new Author().getRequest()).type.toBe<unknown>()
})
