// What the tests of replicas stand on.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { ClusterMember } from './cluster-member.ts'
import { replicatedCluster } from './replicated-cluster.ts'

const cluster = await replicatedCluster(t, { proxies: true })
const { primary } = cluster
const [one, two] = cluster.replicas as readonly [ClusterMember, ClusterMember]

const count = async (member: ClusterMember): Promise<number> => (await member.query<[{ n: number }]>('select count(*)::int n from line'))[0].n
const write = async (member: ClusterMember = primary): Promise<void> => void (await member.query('insert into line default values'))

t.test('replicas replay what the primary writes', async (t) => {
  t.comment(`a primary and two replicas started in ${Math.round(cluster.startedInMs)} ms`)
  await primary.query('create table line (id serial)')
  await write()
  await cluster.caughtUp()
  t.strictSame([await count(one), await count(two)], [1, 1])
  await t.rejects(write(one), { code: '25006' })
  t.equal(cluster.at(two.port), two)
})

t.test('one of them stands still, and goes on', async (t) => {
  await one.pause()
  await write()
  await cluster.caughtUp([two])
  t.strictSame([await count(one), await count(two)], [1, 2])
  await one.resume()
  await cluster.caughtUp()
  t.equal(await count(one), 2)
})

t.test('one of them is late, and no more', async (t) => {
  await one.lag(3_600_000)
  await write()
  await cluster.caughtUp([two])
  t.strictSame([await count(one), await count(two)], [2, 3])
  await one.lag(0)
  await cluster.caughtUp()
  t.equal(await count(one), 3)
})

t.test('one of them is cut off without being told', async (t) => {
  two.cutOff()
  await write()
  await cluster.caughtUp([one])
  t.strictSame([await count(one), await count(two)], [4, 3])
  const [{ status }] = await two.query<[{ status: string }]>('select status from pg_stat_wal_receiver')
  t.equal(status, 'streaming', 'it believes that it is up to date')
  two.rejoin()
  await cluster.caughtUp()
  t.equal(await count(two), 4)
})

t.test('COMMIT waits for both of them when set() says so, which is later than the parameter does', async (t) => {
  const names = async (): Promise<string> => (await primary.query<[{ names: string }]>(`select current_setting('synchronous_standby_names') names`))[0].names
  const [{ pid }] = await primary.query<[{ pid: number }]>(`select pid from pg_stat_activity where backend_type = 'checkpointer'`)
  const waits = async (): Promise<string> => {
    while ((await primary.query(`select from pg_stat_activity where wait_event = 'SyncRep'`)).length === 0) await sleep(2)
    return 'waits'
  }
  const replicas = [one, two]
  for (const replica of replicas) replica.cutOff()
  process.kill(pid, 'SIGSTOP')
  let isSet = false
  const set = primary.set('synchronous_standby_names', '2 (*)').then(() => (isSet = true))
  while ((await names()) === '') await sleep(2)
  await write() // which nobody has but the primary
  t.equal(isSet, false)
  process.kill(pid, 'SIGCONT')
  await set
  await primary.query('begin; set local synchronous_commit = off; insert into line default values; commit') // which nobody need have
  const writing = write().then(() => 'returns')
  t.equal(await Promise.race([writing, waits()]), 'waits')
  for (const replica of replicas) replica.rejoin()
  await writing
  await primary.set('synchronous_standby_names', '')
})

t.test('one of them is killed, and comes back', async (t) => {
  await one.kill()
  await t.rejects(count(one), { code: 'ECONNREFUSED' })
  await write()
  await one.start()
  await cluster.caughtUp()
  t.equal(await count(one), 8)
})

t.test('a primary refuses to write', async (t) => {
  await primary.setReadOnly(true)
  await t.rejects(write(), { code: '25006' })
  await primary.setReadOnly(false)
  await write()
})

t.test('one of them is promoted, the other one follows it, and the old primary as well', async (t) => {
  await cluster.caughtUp()
  await primary.kill()
  await one.promote()
  await two.repoint(one.url)
  await write(one)
  await cluster.caughtUp([two], one)
  t.strictSame([await count(one), await count(two)], [10, 10])

  await primary.start()
  t.equal(await count(primary), 9, 'it knows nothing of it')
  await write(primary)
  t.equal(await count(one), 10, 'nor do they of what it writes')
})

t.test('a primary that was stopped follows its successor', async (t) => {
  await one.stop()
  await two.promote()
  await one.startAsStandbyOf(two.url)
  await write(two)
  await cluster.caughtUp([one], two)
  t.equal(await count(one), 11)
})
