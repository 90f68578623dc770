// A job that is sent in the request's transaction cannot carry the token of its commit. It takes a token of now instead, and its reads are not behind the request.
import Fastify, { type FastifyInstance } from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { createSqlAssist, onSqlAssistEvent } from 'fastify-sqlassist/orm'
import t from 'tap'
import { postgresDatabase } from '../../support/databases.ts'
import { replicatedCluster } from '../../support/replicated-cluster.ts'
import { until } from '../endings/ending.ts'
import { configOf, CREATE_MEMBERS, Member, QUEUE, send, type Sessions, sessionsOf, startBoss, type Welcome } from './workplace.ts'

const cluster = await replicatedCluster(t, { replicas: 1 })
const [replica] = cluster.replicas
const engines = { writer: { config: configOf(cluster.primary.url), default: true }, reader: { readonly: true, follows: 'writer', replicas: [configOf(replica!.url)] } } as const

t.test('a job whose replica stands still sees what its request has written, and reads there again when it has caught up', async (t) => {
  await cluster.primary.query(CREATE_MEMBERS)
  const boss = await startBoss(t, cluster.primary.url)
  const app: FastifyInstance = Fastify()
  t.teardown(async () => await app.close())
  await app.register(sqlassist, { engines, transaction: 'request', consistencyToken: { secret: 'a secret of this test, which no other knows' } })
  app.post('/members', async (request) => {
    const { writer } = sessionsOf(request)
    const member = writer.create(Member, { name: 'Ada' })
    await writer.flush()
    await send(boss, writer, { id: member.id })
    return member
  })
  await cluster.caughtUp()
  await replica!.pause()

  const reply = await app.inject({ method: 'POST', url: '/members' })
  t.equal(reply.statusCode, 200, reply.body)
  const servers: string[] = []
  t.teardown(onSqlAssistEvent('sqlassist:session:route', ({ server }) => void servers.push(server)))
  const found = Promise.withResolvers<{ job: Welcome; without: number; withToken: number }>()
  const count = async (after: string | undefined, { id }: Welcome): Promise<number> => {
    await using session = app.sqlassist.session({ after })
    return await (session as unknown as Sessions).reader.count(Member, { id })
  }
  await boss.work<Welcome>(QUEUE, async ([job]) => {
    const { data } = job!
    found.resolve({ job: data, without: await count(undefined, data), withToken: await count(await app.sqlassist.token(), data) })
  })
  const { job, without, withToken } = await found.promise
  t.equal(without, 0, 'what has seen nothing is content with a replica that is behind')
  t.equal(withToken, 1)
  const token = await app.sqlassist.token()
  await replica!.resume()
  await cluster.caughtUp()
  t.strictSame(servers, ['replica 1', 'writer'])
  const seen = new Set<number>()
  const atReplica = async (): Promise<boolean> => {
    seen.add(await count(token, job))
    return servers.at(-1) === 'replica 1'
  }
  t.ok(await until(atReplica), 'it is not left out for good')
  t.strictSame([...seen], [1])
})

t.test('without replicas there is nothing to wait for', async (t) => {
  const db = await createSqlAssist({ engines: { writer: { config: configOf(await postgresDatabase(t)) } } })
  t.equal(await db.token(), undefined)
  await db.dispose()
  await t.rejects(db.token(), { code: 'SQLASSIST_DISPOSED' })
})

t.test('where the primary does not say how far it is, the token says that nobody knows', async (t) => {
  const db = await createSqlAssist({ engines })
  t.teardown(async () => await db.dispose())
  await cluster.primary.stop()
  const token = await db.token()
  t.type(token, 'string')
  await using session = db.session({ after: token })
  await t.rejects((session as unknown as Sessions).reader.execute('select 1'), { code: 'SQLASSIST_DATABASE_UNAVAILABLE' }, 'a replica may be behind')
})
