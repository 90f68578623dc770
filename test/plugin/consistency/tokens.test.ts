// What clients, jobs and other processes carry from one request to the next, while no replica has what was written last.
import type { EntityManager } from '@mikro-orm/postgresql'
import t from 'tap'
import { type Answer, Client } from '../../consistency/client.ts'
import { COUNTER, Item } from '../../consistency/service/item.ts'
import { ServiceProcess } from '../../consistency/service/process.ts'
import { settingsOf } from '../../consistency/stage.ts'
import { clusterWithItems, oneApp, pauseAll, twoApps } from './apps.ts'
import { addJobs, JOB_PATHS, sessionsOf } from './jobs.ts'

const cluster = await clusterWithItems(t)
const { primary, replicas: [one, two] } = cluster
let lastId = 100

async function write(client: Client, port: number): Promise<number> {
  const { status } = await client.write(port, 'flush', { id: ++lastId, value: 7, isNew: true })
  if (status !== 200) throw new Error(`the write was answered with ${status}`)
  return lastId
}

/** Which server has answered, and whether it knew the row. */
const seen = ({ status, reads: [read] }: Answer): object => ({ status, sees: read?.value === 7, by: read?.port == null ? undefined : cluster.at(read.port).name })
const BY_PRIMARY = { status: 200, sees: true, by: 'primary' }
const BY_REPLICA = { status: 200, sees: true, by: /replica/ }
const UNSEEN = { status: 200, sees: false }

const find = async (em: EntityManager, id: number): Promise<Item | null> => await em.findOne(Item, id, { refresh: true })

t.test('an older answer that comes last takes nothing away', async (t) => {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const port = await oneApp(t, cluster, {}, (app) => {
    app.get('/long', async (request) => {
      await sessionsOf(request).reader.count(Item)
      begun.resolve()
      await gate.promise
      return { reads: [] }
    })
  })
  await pauseAll(t, cluster)
  const client = new Client()
  const tab = new Client(client.jar)
  const older = tab.ask(port, 'GET', '/long')
  await begun.promise
  const id = await write(client, port)
  const before = client.jar.token
  gate.resolve()
  t.equal((await older).status, 200)
  t.not(client.jar.token, before, 'the older answer has brought a token')
  t.match(seen(await client.read(port, 'session', { id })), BY_PRIMARY)
  client.close()
  tab.close()
})

t.test('processes that know different replicas', async (t) => {
  const [here, there] = await Promise.all([one, two].map(async (replica) => await oneApp(t, cluster, { replicas: [replica!.url] })))
  await two!.pause()
  t.teardown(async () => await two!.resume())
  const client = new Client()
  const answer = await client.ask(here!, 'POST', '/write-and-read', { id: ++lastId, value: 7, isNew: true })
  t.match(answer, { status: 200, reads: [{ value: 7 }] })
  t.match(seen(await client.read(there!, 'session', { id: lastId })), BY_PRIMARY, 'which the other process can only have from its primary')
  client.close()
})

t.test('of several tokens in a header all hold', async (t) => {
  const [here, there] = await twoApps(t, cluster, { transport: 'header' })
  const [early, late, both] = [new Client(), new Client(), new Client()]
  const earlyId = await write(early, here)
  await cluster.caughtUp()
  await pauseAll(t, cluster)
  const lateId = await write(late, here)
  for (const [what, tokens, expected] of [
    ['the early one', [early.jar.token], UNSEEN],
    ['both', [early.jar.token, late.jar.token], BY_PRIMARY],
    ['in the other order', [late.jar.token, early.jar.token], BY_PRIMARY],
    ['with what is none', [early.jar.token, 'garbage'], BY_PRIMARY],
  ] as const) {
    both.jar.empty()
    for (const token of tokens) both.jar.keep({ 'sqlassist-after': token! })
    t.match(seen(await both.read(there, 'session', { id: lateId })), expected, what)
  }
  both.jar.empty()
  both.jar.keep({ 'sqlassist-after': early.jar.token! })
  t.match(seen(await both.read(there, 'session', { id: earlyId })), BY_REPLICA, 'the early one is reached')
  for (const client of [early, late, both]) client.close()
})

t.test('a cookie that is none of ours is answered by the primary, and replaced', async (t) => {
  const [here, there] = await twoApps(t, cluster)
  const client = new Client()
  const id = await write(client, here)
  await cluster.caughtUp()
  client.jar.empty()
  client.jar.forge('garbage')
  t.match(seen(await client.read(here, 'session', { id })), BY_PRIMARY)
  t.notMatch(client.jar.headers['cookie'], /garbage/)
  t.match(client.jar.headers['cookie'], /^sqlassist-after-[\w-]{10}=[\w-]+$/, 'one cookie')
  t.match(seen(await client.read(there, 'session', { id })), BY_REPLICA, 'which is as good as any')
  client.close()
})

t.test('what a job is told in another process', async (t) => {
  const tokens: (string | undefined)[] = []
  const port = await oneApp(t, cluster, {}, (app) => addJobs(app, tokens))
  const other = await ServiceProcess.start(settingsOf(cluster))
  t.teardown(async () => await other.stop())
  await pauseAll(t, cluster)
  const client = new Client()
  const job = async (token: string | undefined): Promise<Answer> => await client.ask(other.port, 'POST', '/job', { id: lastId, ...(token === undefined ? {} : { token }) })
  for (const path of JOB_PATHS) {
    t.equal((await client.ask(port, 'POST', path, { id: ++lastId })).status, 200)
    t.match(seen(await job(tokens.pop())), BY_PRIMARY, path)
  }
  t.match(seen(await job(undefined)), UNSEEN, 'who is told nothing sees nothing')
  client.close()
})

t.test('within one request', async (t) => {
  const port = await oneApp(t, cluster, {}, (app) => {
    app.post('/:id', async (request) => {
      const { reader, writer } = sessionsOf(request)
      const id = Number((request.params as { id: string }).id)
      const [before, counter] = [await find(reader, id), await find(reader, COUNTER)]
      const anyBefore = sessionsOf(request).any === reader
      await writer.persist(writer.create(Item, { id, value: 7 })).flush()
      const after = await find(reader, id)
      const anyAfter = sessionsOf(request).any === writer
      return { before, readAt: cluster.at(counter!.port!).name, after, anyBefore, anyAfter, throughAny: await sessionsOf(request).any.count(Item, { id }) }
    })
  })
  await pauseAll(t, cluster)
  const reply = await fetch(`http://127.0.0.1:${port}/${++lastId}`, { method: 'POST' })
  t.match(await reply.json(), { before: null, readAt: /replica/, after: { value: 7, port: primary.port }, anyBefore: true, anyAfter: true, throughAny: 1 })
})
