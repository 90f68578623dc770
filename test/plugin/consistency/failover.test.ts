// Servers that die under load: readers notice nothing, and writers find the server that was promoted.
import t from 'tap'
import { Load as Reads } from '../../consistency/killed/load.ts'
import { DEATHS } from '../../consistency/killed/deaths.ts'
import { CHANGES } from '../../consistency/promoted/changes.ts'
import { Load as Writes } from '../../consistency/promoted/load.ts'
import { Random } from '../../soak/random.ts'
import { FULL } from '../../support/size.ts'
import { clusterWithItems, twoApps } from './apps.ts'
import { until } from '../../orm/postgres/failover/service.ts'

t.test('replicas die under load, and come back', async (t) => {
  const cluster = await clusterWithItems(t)
  const reads = new Reads(cluster, await twoApps(t, cluster), new Random(1))
  const balanced = async (): Promise<void> => {
    reads.forgetShares()
    await until(() => ['replica 1', 'replica 2'].every((name) => reads.share(name) > 0.25))
  }
  await balanced()
  for (const [number, { name, victims, kill, revive }] of (FULL ? DEATHS : DEATHS.slice(2)).entries()) {
    const dead = victims === 'all' ? cluster.replicas : [cluster.replicas[number % 2]!]
    for (const replica of dead) await kill(replica)
    const answered = reads.answered
    await until(() => reads.answered > answered + 200 || reads.failures > 0)
    for (const replica of dead) await revive(replica)
    await balanced()
    t.strictSame([...reads.failed], [], `${name}: ${reads.answered} answered, none failed`)
  }
  await reads.stop()
})

for (const change of FULL ? CHANGES : [CHANGES[0]!, CHANGES.at(-1)!]) {
  t.test(`a replica is promoted: ${change.name}`, async (t) => {
    const cluster = await clusterWithItems(t, { proxies: true })
    const { primary: old, replicas: [successor, other] } = cluster
    if (change.synchronous) await old.set('synchronous_standby_names', '2 (*)')
    const ports = await twoApps(t, cluster)
    const writes = new Writes(ports, new Random(1))
    t.ok(await writes.goesOn(50))
    await change.end(cluster, writes)
    await successor!.promote()
    const promoted = performance.now()
    if (change.repoints) await other!.repoint(successor!.url)
    for (const port of ports) t.ok(await writes.firstOf(port, promoted), 'every application writes again')
    t.ok(await writes.goesOn(100))
    let strayed = 0
    if (change.returns !== undefined) {
      await change.returns(old)
      const rows = async (): Promise<number> => (await old.query('select from item')).length
      const before = await rows()
      await successor!.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'fastify-sqlassist/%'`)
      await writes.goesOn(100)
      strayed = (await rows()) - before
    } else await change.follows?.(old, successor!.url)
    await writes.stop()
    t.equal(strayed, 0, 'nothing was written to the old primary when it was back')
    const saved = new Set((await successor!.query<{ id: number }[]>('select id from item')).map(({ id }) => id))
    const counts = ({ sent }: { sent: number }): boolean => change.synchronous || sent >= promoted
    t.strictSame(writes.acknowledged.filter((write) => counts(write) && !saved.has(write.id)), [], 'nothing acknowledged is lost')
    t.strictSame(writes.stale.filter(counts), [], 'nothing stale')
    t.comment(`${writes.acknowledged.length} writes; failed: ${JSON.stringify([...writes.failed])}`)
  })
}
