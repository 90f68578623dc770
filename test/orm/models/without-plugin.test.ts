// An application without Fastify: the sources of './orm' compile where nothing imports the plugin, which is what adds the request.
import t from 'tap'
import { Workplace } from '../cli/fixtures/workplace.ts'

t.test('a program that only imports fastify-sqlassist/orm compiles', { timeout: 600_000 }, async (t) => {
  const place = new Workplace(t)
  place.write('job.ts', `
import { requestOf, type SessionInfo, sessionOf, UtilityObject } from 'fastify-sqlassist/orm'
declare module 'fastify-sqlassist/orm' { interface SessionInfo { job?: string } }
class Author extends UtilityObject {
  id!: number
}
export const job: string | undefined = sessionOf(new Author())?.info.job
export const info: SessionInfo = { job: 'nightly' }
export const request: unknown = requestOf(new Author())
// @ts-expect-error -- there are no requests here
export const wrong: object | undefined = new Author().getRequest()
`)
  const { code, out } = await place.compile()
  t.strictSame({ code, out }, { code: 0, out: '' })
})
