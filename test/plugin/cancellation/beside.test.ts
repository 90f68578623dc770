// What a session's work only happens to set off, such as a job that a subscriber starts, is not the session's, and does not end with it.
import type { EventSubscriber } from '@mikro-orm/core'
import t from 'tap'
import { until } from '../endings/ending.ts'
import { http1 } from './clients.ts'
import { Book, Tag } from './model.ts'
import { scene } from './scene.ts'
import { allBack } from './service.ts'

t.test('a job that a subscriber starts with an EntityManager of its own', async (t) => {
  const stage = await scene(t)
  const { admin, app } = stage
  await admin.putGateIntoBooks()
  const { em } = app.sqlassist.engine('writer').orm
  let job: Promise<string> | undefined
  const auditor: EventSubscriber = {
    afterFlush() {
      const own = em.fork()
      job ??= own.insert(Book, { title: 'Finnegans Wake', author: 1 }).then(async () => String(await own.count(Book)), (error: Error) => error.message)
    },
  }
  em.getEventManager().registerSubscriber(auditor)
  await admin.shutGate()
  const run = stage.next(async (writer) => {
    await writer.persist(writer.create(Tag, { label: 'new' })).flush()
    await new Promise(() => {})
  })
  const leave = await http1()(stage)
  await run.ready.promise
  run.go.resolve()
  t.ok(await until(async () => (await admin.waiting()).length === 1), 'the job is at work')
  leave()
  await run.ended.promise
  t.ok(await until(() => app.sqlassist.stats()['writer']!.sessions.open === 0), 'the session is over')
  await admin.openGate()
  t.equal(await job, '3', 'and the job goes on')
  t.ok(await until(() => allBack(app.sqlassist)))
})
