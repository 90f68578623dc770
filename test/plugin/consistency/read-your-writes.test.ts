// Whoever has written something sees it, in any process, on whatever replica, however late that is. `npm run consistency` does the same at length.
import t from 'tap'
import { Client } from '../../consistency/client.ts'
import { Lags } from '../../consistency/pairs/lags.ts'
import { Lane } from '../../consistency/pairs/lane.ts'
import { Verdicts } from '../../consistency/pairs/verdicts.ts'
import { Sources } from '../../consistency/sources.ts'
import { Random } from '../../soak/random.ts'
import { FULL } from '../../support/size.ts'
import { clusterWithItems, pauseAll, twoApps } from './apps.ts'

const cluster = await clusterWithItems(t)
const PAIRS = FULL ? 2000 : 100
const LANES = 16

for (const [number, transport] of (['cookie', 'header'] as const).entries()) {
  t.test(`with a ${transport}, while the lag of the replicas changes`, async (t) => {
    const ports = await twoApps(t, cluster, { transport })
    const random = new Random(number)
    const verdicts = new Verdicts(new Sources(cluster))
    const overtaken = new Verdicts(new Sources(cluster))
    const lags = new Lags(cluster.replicas, random)
    await lags.start()
    let left = PAIRS
    await Promise.all(Array.from({ length: LANES }, async (_, lane) => await new Lane({ ports, random, verdicts, overtaken, more: () => left-- > 0 }, (number * LANES + lane + 1) * 10_000).run()))
    await lags.stop()
    t.equal(verdicts.size + overtaken.size, PAIRS)
    t.strictSame([...verdicts.errors, ...overtaken.errors], [])
    t.strictSame([...verdicts.stale], [], 'nothing stale')
    t.strictSame([...overtaken.stale], [], `nor where answers overtook each other, ${overtaken.size} times`)
    t.comment([...verdicts.pairs].join('; '))
    t.ok(verdicts.sources.replicaShare > 0, `replicas answered ${Math.round(verdicts.sources.replicaShare)} %`)
    t.strictSame(verdicts.sources.untrue, 0, 'the server that is told is the one that has answered')
    t.ok(verdicts.sources.told > PAIRS / 2, 'and it is told')
  })
}

t.test('what no server of ours has signed is not believed', async (t) => {
  const [here, there] = await twoApps(t, cluster)
  await pauseAll(t, cluster)
  const writer = new Client()
  t.equal((await writer.write(here, 'flush', { id: 7, value: 7, isNew: true })).status, 200)
  const token = writer.jar.token!
  const tokens = {
    'garbage': 'garbage', 'percent signs': '%%%', 'a huge one': 'A'.repeat(6000), 'another last letter': token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A'),
    'its first half': token.slice(0, token.length / 2), 'it twice': token + token, 'a position': 'FFFFFFFF/FFFFFFFF', 'dots': '...', 'the name of a property': '__proto__',
  }
  for (const [what, forged] of Object.entries(tokens)) {
    const client = new Client()
    client.jar.forge(forged)
    const read = await client.read(there, 'session', { id: 7 })
    t.equal(read.status, 200, what)
    t.match(read.reads, [{ value: 7, port: cluster.primary.port }], `${what}: the safe side`)
    client.close()
  }
  const read = await writer.read(there, 'session', { id: 7 })
  t.match(read.reads, [{ value: 7, port: cluster.primary.port }], 'the genuine one')
  const stranger = new Client()
  t.match((await stranger.read(there, 'session', { id: 7 })).reads, [{ value: null }], 'who has none reads from a replica')
  writer.close()
  stranger.close()
})
