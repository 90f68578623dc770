// The application of MikroORM's guide for beginners (github.com/mikro-orm/guide), written anew: as it is there, and moved onto the plugin. It answers the same, and
// what was cached for the whole process is not there any more.
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { sqliteFile } from '../../support/databases.ts'
import { CommentSchema } from './entities.ts'
import { movedBlog } from './moved.ts'
import { originalBlog } from './original.ts'
import { type Answer, play, SCRIPT } from './script.ts'

async function start(t: Test, blog: typeof movedBlog): Promise<FastifyInstance> {
  const app = await blog(sqliteFile(t))
  t.teardown(async () => await app.close())
  return app
}

/** Times differ from run to run. */
const timeless = (answers: ReadonlyMap<string, Answer>): unknown =>
  JSON.parse(JSON.stringify([...answers]).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'some time'))

/** Whether somebody has signed up there; from now on, somebody has. */
async function knows(app: FastifyInstance, email: string): Promise<boolean> {
  const { body } = await app.inject({ method: 'POST', url: '/user/sign-up', payload: { email, fullName: 'Somebody', password: 'x' } })
  return body.includes('already registered')
}

t.test('all routes answer as in the guide, and on the plugin as without it', async (t) => {
  const before = await play(await start(t, originalBlog))
  const after = await play(await start(t, movedBlog))
  for (const { name, status, tells } of SCRIPT) {
    t.equal(before.get(name)!.status, status, name)
    if (tells !== undefined) t.match(before.get(name)!.body, tells, name)
  }
  t.equal(before.size, SCRIPT.length)
  t.strictSame(timeless(after), timeless(before))
  t.equal(await knows(await start(t, originalBlog), 'ann@example.org'), true, 'by the cache, a second application has the database of the first')
})

t.test('a second application in the same process has its own database, and goes on when the first one ends', async (t) => {
  const [one, two] = [await start(t, movedBlog), await start(t, movedBlog)]
  t.equal(await knows(one, 'ann@example.org'), false)
  t.equal(await knows(two, 'ann@example.org'), false)
  await one.close()
  t.equal(await knows(two, 'ann@example.org'), true)
})

t.test('requests at the same time, to two applications, do not see each other', async (t) => {
  const apps = [await start(t, movedBlog), await start(t, movedBlog)]
  const signUp = async (index: number) => {
    const payload = { email: `${index}@example.org`, fullName: `User ${index}`, password: 'x' }
    const { token } = (await apps[index % 2]!.inject({ method: 'POST', url: '/user/sign-up', payload })).json<{ token: string }>()
    const headers = { authorization: `Bearer ${token}` }
    return (await apps[index % 2]!.inject({ url: '/user/profile', headers })).json<{ fullName: string }>().fullName
  }
  const indexes = Array.from({ length: 20 }, (_, index) => index)
  t.strictSame(await Promise.all(indexes.map(signUp)), indexes.map((index) => `User ${index}`))
})

t.test('a comment that is deleted is marked', async (t) => {
  const app = await start(t, movedBlog)
  await using sessions = app.sqlassist.session()
  const [comment] = await sessions.writer.findAll(CommentSchema)
  await sessions.writer.remove(comment!).flush()
  await using later = app.sqlassist.session()
  t.equal(await later.writer.findOne(CommentSchema, comment!.id), null)
  t.equal(await later.writer.count(CommentSchema), 5)
  const kept = await later.writer.findOneOrFail(CommentSchema, comment!.id, { filters: { softDelete: false } })
  t.ok(kept.deletedAt instanceof Date)
})
