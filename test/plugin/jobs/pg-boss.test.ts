// Jobs in PostgreSQL, sent by requests in their transaction and done by a real pg-boss, each with sessions of its own.
import Fastify, { type FastifyInstance } from 'fastify'
import { sqlassist, type SqlAssistPluginOptions } from 'fastify-sqlassist'
import { onSqlAssistEvent } from 'fastify-sqlassist/orm'
import { fromKysely, type Job } from 'pg-boss'
import t, { type Test } from 'tap'
import { asSuperuser, postgresDatabase } from '../../support/databases.ts'
import { until } from '../endings/ending.ts'
import { configOf, CREATE_MEMBERS, Member, QUEUE, send, type Sessions, sessionsOf, startBoss, type Welcome } from './workplace.ts'

const url = await postgresDatabase(t)
await asSuperuser(url, CREATE_MEMBERS)
const boss = await startBoss(t, url)
const engines = { writer: { config: configOf(url), default: true }, reader: { config: configOf(url), readonly: true } } as const
const count = async (what: string): Promise<number> => (await asSuperuser<{ n: number }>(url, `select count(*)::int n from ${what}`))[0]!.n
const jobs = async (): Promise<number> => await count(`pgboss.job where name = '${QUEUE}'`)
const stateOf = async (id: string): Promise<string | undefined> => (await boss.findJobs(QUEUE, { id }))[0]?.state

async function application(t: Test, options: Partial<SqlAssistPluginOptions> = {}): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(sqlassist, { engines, ...options } as SqlAssistPluginOptions)
  t.teardown(async () => await app.close())
  return app
}

t.test('a job is there when its request has committed, and not before, and never when it was rolled back', async (t) => {
  const app = await application(t, { transaction: 'request' })
  const seenBefore: number[] = []
  app.post<{ Body: { name: string; fail?: boolean } }>('/members', async (request, reply) => {
    const { writer } = sessionsOf(request)
    const member = writer.create(Member, { name: request.body.name })
    await writer.flush()
    await send(boss, writer, { id: member.id })
    seenBefore.push(await jobs())
    if (request.body.fail === true) throw new Error('on purpose')
    return await reply.code(201).send(member)
  })
  app.post('/only-a-job', async (request) => await send(boss, sessionsOf(request).writer, { id: 0 }))
  app.post('/from-the-reader', async (request) => await send(boss, sessionsOf(request).reader, { id: 0 }))
  t.teardown(async () => await boss.deleteAllJobs(QUEUE))

  t.equal((await app.inject({ method: 'POST', url: '/members', payload: { name: 'Eve', fail: true } })).statusCode, 500)
  t.strictSame([await jobs(), await count('member')], [0, 0])
  const saved = await app.inject({ method: 'POST', url: '/members', payload: { name: 'Ada' } })
  t.equal(saved.statusCode, 201, saved.body)
  t.strictSame([await jobs(), await count('member')], [1, 1])
  t.strictSame(seenBefore, [0, 0], 'nobody else saw it in between')
  t.equal((await app.inject({ method: 'POST', url: '/only-a-job' })).statusCode, 200)
  t.equal(await jobs(), 2, 'a job alone is something to commit')
  t.match((await app.inject({ method: 'POST', url: '/from-the-reader' })).json(), { code: '25006' }, 'a readonly engine sends nothing')
})

t.test('without a transaction of the request', async (t) => {
  const app = await application(t)
  await using session = app.sqlassist.session()
  const { writer } = session as unknown as Sessions
  t.teardown(async () => await boss.deleteAllJobs(QUEUE))
  await t.rejects(writer.transactional(async (em) => {
    await send(boss, em, { id: 1 })
    throw new Error('on purpose')
  }), /on purpose/)
  t.equal(await jobs(), 0)
  await writer.transactional(async (em) => await send(boss, em, { id: 1 }))
  t.equal(await jobs(), 1)
  await send(boss, writer, { id: 2 })
  t.equal(await jobs(), 2, 'there is nothing to wait for')
})

t.test('each job has sessions of its own, which end however it ends', async (t) => {
  const app = await application(t)
  const opened: unknown[] = []
  const closed: unknown[] = []
  t.teardown(onSqlAssistEvent('sqlassist:container:open', ({ owner }) => void opened.push(owner)))
  t.teardown(onSqlAssistEvent('sqlassist:container:close', ({ owner }) => void closed.push(owner)))
  const known: number[] = []
  const asleep = Promise.withResolvers<void>()
  const endings: Record<string, (job: Job<Welcome>, em: Sessions['writer']) => Promise<unknown>> = {
    returns: async () => 'done',
    throws: async () => await Promise.reject(new Error('on purpose')),
    'breaks a statement': async (_, em) => await em.execute('select 1 / 0'),
    'leaves a transaction open': async (_, em) => await em.begin(),
    'takes too long': async (_, em) => {
      asleep.resolve()
      await em.execute('select pg_sleep(600)')
    },
  }
  const ids = new Map<string, string>()
  const worker = await boss.work<Welcome & { ending: string }>(QUEUE, { localConcurrency: 2, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 }, async ([job]) => {
    await using session = app.sqlassist.session({ info: { job: job!.id } as never, signal: job!.signal })
    const { writer } = session as unknown as Sessions
    known.push(writer.getUnitOfWork().getIdentityMap().values().length)
    await writer.find(Member, {})
    await endings[job!.data.ending]!(job!, writer)
  })
  t.teardown(async () => await boss.offWork(QUEUE, { id: worker }))
  for (const ending of Object.keys(endings)) ids.set(ending, (await boss.send(QUEUE, { id: 0, ending }, { retryLimit: 0, expireInSeconds: ending === 'takes too long' ? 2 : 60 }))!)
  await asleep.promise
  t.ok(await until(async () => (await Promise.all([...ids.values()].map(stateOf))).every((state) => state === 'completed' || state === 'failed')))
  const states = Object.fromEntries(await Promise.all([...ids].map(async ([ending, id]) => [ending, await stateOf(id)] as const)))
  t.strictSame(states, { 'returns': 'completed', 'throws': 'failed', 'breaks a statement': 'failed', 'leaves a transaction open': 'completed', 'takes too long': 'failed' })
  t.ok(await until(() => closed.length === opened.length), 'all have ended')
  t.equal(new Set(opened).size, ids.size)
  t.strictSame(known, [0, 0, 0, 0, 0], 'none begins with what another has loaded')
  t.equal(app.sqlassist.engine('writer').stats().sessions.open, 0)
  t.equal(await count(`pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and (query like '%pg_sleep%' and state = 'active' or state like 'idle in transaction%')`), 0, 'nothing is left on the server')
})

t.test('an application that is closed lets a job come to its end, which has its sessions until then', async (t) => {
  const app = await application(t)
  const own = await startBoss(t, url)
  app.addHook('onClose', async () => await own.stop())
  const [started, closing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  app.addHook('preClose', async () => closing.resolve())
  await own.work<Welcome>(QUEUE, async ([job]) => {
    await using session = app.sqlassist.session({ signal: job!.signal })
    started.resolve()
    await closing.promise
    await (session as unknown as Sessions).writer.execute('select 1')
  })
  const id = (await boss.send(QUEUE, { id: 0 }, { retryLimit: 0 }))!
  await started.promise
  await app.close()
  t.equal(await stateOf(id), 'completed')
})

t.test('a job that is settled in its own transaction is done once, also where two workers are at it', async (t) => {
  const app = await application(t)
  await asSuperuser(url, `insert into member (name) values ('Bob')`)
  const [{ id }] = await asSuperuser<{ id: number }>(url, `select id from member where name = 'Bob'`) as [{ id: number }]
  const welcome = async (job: Job<Welcome>): Promise<void> => await app.sqlassist.transaction(async (session) => {
    const { writer } = session as unknown as Sessions
    await writer.execute('update member set welcomed = welcomed + 1 where id = ?', [job.data.id])
    const settled = await boss.complete(QUEUE, job, undefined, { db: fromKysely(writer.getKysely()) })
    if ((settled as { affected: number }).affected === 0) throw new Error('somebody else does it')
  })
  const sent = (await boss.send(QUEUE, { id }, { retryDelay: 0 }))!
  const [late] = await boss.fetch<Welcome>(QUEUE)
  await boss.fail(QUEUE, sent) // as where the worker was thought to be dead
  const [next] = await boss.fetch<Welcome>(QUEUE)
  t.strictSame([late!.id, next!.id], [sent, sent])
  await t.rejects(welcome(late!), /somebody else does it/)
  await welcome(next!)
  await t.rejects(welcome(next!), /somebody else does it/)
  t.equal(await stateOf(sent), 'completed')
  t.equal(await count(`member where name = 'Bob' and welcomed = 1`), 1)
})
