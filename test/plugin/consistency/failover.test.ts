// Servers that die under load: readers notice nothing, and writers find the server that was promoted.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import t from 'tap'
import { Client } from '../../consistency/client.ts'
import { Load as Reads } from '../../consistency/killed/load.ts'
import { DEATHS } from '../../consistency/killed/deaths.ts'
import { CHANGES } from '../../consistency/promoted/changes.ts'
import { type Acknowledged, Load as Writes, mustLast } from '../../consistency/promoted/load.ts'
import { Random } from '../../soak/random.ts'
import { FULL } from '../../support/size.ts'
import { clusterWithItems, oneApp, pauseAll, twoApps } from './apps.ts'
import { until } from '../../orm/postgres/failover/service.ts'

/** Of a row that is written before the promotion. */
const EARLY_ID = 50

const shared = await clusterWithItems(t, { proxies: true })

t.test('replicas die under load, and come back', async (t) => {
  const reads = new Reads(shared, await twoApps(t, shared), new Random(1))
  for (const [number, { name, victims, kill, revive }] of (FULL ? DEATHS : DEATHS.slice(0, 1)).entries()) {
    const victim = shared.replicas[number % 2]!
    const dead = victims === 'all' ? shared.replicas : [victim]
    await until(() => reads.answersOf(victim.name) > 0)
    for (const replica of dead) await kill(replica)
    const answered = reads.answered
    await until(() => reads.answered > answered + 100 || reads.failures > 0)
    for (const replica of dead) await revive(replica)
    reads.forgetShares()
    await until(() => dead.every((replica) => reads.answersOf(replica.name) > 0))
    t.strictSame([...reads.failed], [], `${name}: ${reads.answered} answered, none failed`)
  }
  await reads.stop()
})

t.test('the primary is gone before a replica has what a client has written, which comes to it a little later', async (t) => {
  const { primary, replicas } = shared
  const port = await oneApp(t, shared, { replicaWaitMs: 1 })
  await primary.set('synchronous_standby_names', '2 (*)')
  await pauseAll(t, shared)
  const client = new Client()
  t.equal((await client.write(port, 'flush', { id: 40, value: 7, isNew: true })).status, 200)
  await primary.kill()
  const connections = new Set<Socket>()
  const silent = createServer((connection) => connections.add(connection)).listen(primary.port, '127.0.0.1')
  const asked = once(silent, 'connection')
  const read = client.read(port, 'session', { id: 40 })
  await asked
  await Promise.all(replicas.map(async (replica) => await replica.resume()))
  t.match(await read, { status: 200, reads: [{ value: 7 }], routes: [{ server: /replica/ }] })
  client.close()
  const closed = once(silent, 'close')
  silent.close()
  for (const connection of connections) connection.destroy()
  await closed
  await primary.start()
  await primary.set('synchronous_standby_names', '')
})

for (const [number, change] of (FULL ? CHANGES : CHANGES.slice(0, 1)).entries()) {
  t.test(`a replica is promoted: ${change.name}`, async (t) => {
    const cluster = number === 0 ? shared : await clusterWithItems(t, { proxies: true })
    const { primary: old, replicas: [successor, other] } = cluster
    if (change.synchronous) await old.set('synchronous_standby_names', '2 (*)')
    const ports = await twoApps(t, cluster)
    const writes = new Writes(ports, new Random(1))
    t.ok(await writes.goesOn(20))
    const early = new Client()
    t.equal((await early.write(ports[0], 'flush', { id: EARLY_ID, value: 7, isNew: true })).status, 200)
    await change.end(cluster, writes)
    await successor!.promote()
    const promoted = performance.now()
    if (change.repoints) await other!.repoint(successor!.url)
    for (const port of ports) t.ok(await writes.firstOf(port, promoted), 'every application writes again')
    t.ok(await writes.goesOn(20))
    let strayed = 0
    if (change.returns !== undefined) {
      await change.returns(old)
      const rows = async (): Promise<number> => (await old.query('select from item')).length
      const before = await rows()
      await successor!.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'fastify-sqlassist/%'`)
      await writes.goesOn(20)
      strayed = (await rows()) - before
    } else await change.follows?.(old, successor!.url)
    await writes.stop()
    t.equal(strayed, 0, 'nothing was written to the old primary when it was back')
    const saved = new Set((await successor!.query<{ id: number }[]>('select id from item')).map(({ id }) => id))
    const counts = (write: Acknowledged): boolean => mustLast(write, change.synchronous, promoted)
    t.strictSame(writes.acknowledged.filter((write) => counts(write) && !saved.has(write.id)), [], 'nothing acknowledged is lost, where COMMIT waits')
    t.strictSame(writes.stale.filter(counts), [], 'nothing stale')
    const [first, second] = [await early.read(ports[1], 'session', { id: EARLY_ID }), await early.read(ports[0], 'session', { id: EARLY_ID })]
    t.match(first, { status: 200, reads: [{ port: successor!.port }], routes: [{ server: 'writer', why: /on timeline 1, which is another history/ }] }, 'a token of the old timeline')
    t.match(second, { status: 200, routes: [{ why: /on timeline 2$/ }] }, 'makes one of the new timeline')
    if (change.synchronous) t.match([first, second], [{ reads: [{ value: 7 }] }, { reads: [{ value: 7 }] }])
    early.close()
    t.comment(`${writes.acknowledged.length} writes; failed: ${JSON.stringify([...writes.failed])}`)
  })
}
