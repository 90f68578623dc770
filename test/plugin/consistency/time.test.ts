// Replicas that stand still: time never goes backwards, bounds are kept, and waiting has its end.
import t from 'tap'
import { Counter } from '../../consistency/paused/counter.ts'
import { stickyReads } from '../../consistency/paused/sticky.ts'
import { TROUBLES } from '../../consistency/paused/troubles.ts'
import { Watcher } from '../../consistency/paused/watcher.ts'
import { Client } from '../../consistency/client.ts'
import { COUNTER } from '../../consistency/service/item.ts'
import { DEFAULTS } from '../../consistency/service/settings.ts'
import { Sources } from '../../consistency/sources.ts'
import { Random } from '../../soak/random.ts'
import { FULL } from '../../support/size.ts'
import { clusterWithItems, twoApps } from './apps.ts'

const cluster = await clusterWithItems(t, { proxies: true })
const REQUESTS = FULL ? 2000 : 150
const { maxLagMs, replicaWaitMs } = DEFAULTS

t.test('a number that only goes up', async (t) => {
  const ports = await twoApps(t, cluster)
  const random = new Random(1)
  const counter = await Counter.start(cluster.primary.url)
  const watcher = new Watcher({ ports, random, counter, maxLagMs })
  for (const trouble of TROUBLES) {
    const sources = new Sources(cluster)
    const end = await trouble.begin(cluster, { random, counter, maxLagMs })
    await watcher.watch(REQUESTS * trouble.share, sources)
    await end()
    await cluster.caughtUp()
    t.ok(sources.replicaShare >= trouble.fromReplicas, `${trouble.name}: replicas answered ${Math.round(sources.replicaShare)} %`)
    t.equal(sources.untrue, 0, `${trouble.name}: the server that is told is the one that has answered`)
  }
  await counter.stop()
  watcher.close()
  const { errors, stepsBack, stepsBackInRequest, tooOld, tooOldLater, boundedReads, requests } = watcher
  t.strictSame([...errors], [])
  t.ok(requests >= REQUESTS && boundedReads > 0 && counter.value > 0, `${requests} requests while it went up to ${counter.value}`)
  t.match({ stepsBack, stepsBackInRequest, tooOld, tooOldLater }, { stepsBack: 0, stepsBackInRequest: 0, tooOld: 0, tooOldLater: 0 }, `above its bound by ${watcher.worst}`)
})

t.test('all replicas paused, and back', async (t) => {
  const ports = await twoApps(t, cluster)
  for (const replica of cluster.replicas) await replica.pause()
  const { sources, stale, errors, over } = await stickyReads(cluster, ports, FULL ? 200 : 16, replicaWaitMs)
  t.match({ stale, errors }, { stale: 0, errors: 0 })
  t.equal(sources.servers.get('primary'), over.size, 'all answered by the writer')
  t.comment(`beyond the budget: ${over.toString()}`)
  for (const replica of cluster.replicas) await replica.resume()
  const client = new Client()
  const recent: boolean[] = []
  while (recent.length < 20 || recent.slice(-20).includes(false)) {
    const { reads } = await client.read(ports[recent.length % 2]!, 'session', { id: COUNTER })
    recent.push(reads[0]!.port !== cluster.primary.port)
  }
  t.comment(`20 in a row from replicas after ${recent.length} reads`)
  client.close()
})
