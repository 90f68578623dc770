// A replica is promoted under a load of writes: they go on there, and nowhere else.
import type { ClusterMember } from '../../support/cluster-member.ts'
import type { ReplicatedCluster } from '../../support/replicated-cluster.ts'
import type { Part, Scene } from '../part.ts'
import { Client } from '../client.ts'
import { settingsOf, startCluster, startPair, warmUp } from '../stage.ts'
import type { ServiceSettings } from '../service/settings.ts'
import { type Change, CHANGES } from './changes.ts'
import { Load, mustLast } from './load.ts'
import { Prober } from './prober.ts'

/** So long after the new primary accepts a write at its own port, all processes write there. */
const RECOVERY_MS = 2000
/** How many writes make sure that everything goes on. */
const SOME = 500
const LATE_ID = 500

export const promoted: Part = {
  name: 'promoted',
  title: 'A replica is promoted',
  help: 'promotions of each kind, under a load of writes',
  async run(scene) {
    for (let round = 0; round < scene.size; round++) {
      for (const change of CHANGES) {
        const say = (text: string): void => scene.say(`${change.name}: ${text}`)
        await promote({ ...scene, say }, change)
      }
    }
  },
}

async function promote(scene: Scene, change: Change): Promise<void> {
  const { report, random, say, patience } = scene
  const cluster = await startCluster(scene, { proxies: true })
  const { primary: old, replicas: [successor, other] } = cluster as ReplicatedCluster & { replicas: readonly [ClusterMember, ClusterMember] }
  if (change.synchronous) await old.set('synchronous_standby_names', '2 (*)')
  const settings = settingsOf(cluster)
  const { ports, stop } = await startPair(scene, settings)
  await warmUp(ports)
  const promise = (text: string, kept: boolean, measured: unknown): void => report.promise(`${change.name}: ${text}`, kept, measured)

  const load = new Load(ports, random)
  await load.goesOn(SOME)
  const prober = await Prober.connect(successor.url)
  const gone = performance.now()
  await change.end(cluster, load)
  const [accepted] = await Promise.all([prober.accepted(), successor.promote()])
  say(`promoted, ${Math.round(accepted - gone)} ms after the end of the old one began`)
  if (change.repoints) await other.repoint(successor.url)
  const firsts = await Promise.all(ports.map(async (port) => await load.firstOf(port, accepted)))
  const recoveryMs = Math.round(Math.max(...firsts.map((first) => (first?.at ?? Infinity) - accepted)))
  promise(`writes of all processes < ${RECOVERY_MS} ms after the new primary accepts them`, recoveryMs < RECOVERY_MS * patience, `${recoveryMs} ms`)
  say(`writes again after ${recoveryMs} ms, ${load.failures} have failed`)
  promise('goes on', await load.goesOn(SOME), `${load.acknowledged.length} writes`)

  let strayed: number | undefined
  if (change.returns !== undefined) {
    await change.returns(old)
    const before = await rowsOf(old)
    // New connections have the choice again, and the old one is the first in the list.
    await successor.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'fastify-sqlassist/%'`)
    await load.goesOn(2 * SOME)
    const late = await startLate(scene, settings)
    const found = (await successor.query('select from item where id = $1', [LATE_ID])).length
    promise('a process that starts now writes to the new primary, or does not start', late === 'it does not start' || found === 1, late)
    strayed = (await rowsOf(old)) - before
  } else if (change.follows !== undefined) {
    await change.follows(old, successor.url)
    await load.goesOn(2 * SOME)
  }
  await load.stop()
  if (strayed !== undefined) promise('rows written to the old primary when it is back = 0', strayed === 0, strayed)
  await audit(scene, change, load, successor, accepted)
  await stop()
  for (const member of [...cluster.replicas, old]) await member.remove()
}

/** Two servers accept writes by now, and only one of them is the right one. */
async function startLate(scene: Scene, settings: ServiceSettings): Promise<string> {
  const late = await startPair(scene, settings).catch(() => undefined)
  if (late === undefined) return 'it does not start'
  const client = new Client()
  const { status, code } = await client.write(late.ports[0]!, 'flush', { id: LATE_ID, value: 0, isNew: true })
  client.close()
  await late.stop()
  return `${status} ${code ?? ''}`
}

async function audit({ report }: Scene, { name, synchronous }: Change, load: Load, successor: ClusterMember, accepted: number): Promise<void> {
  const saved = new Set((await successor.query<{ id: number }[]>('select id from item')).map(({ id }) => id))
  const lost = load.acknowledged.filter(({ id }) => !saved.has(id))
  const lostAfter = lost.filter(({ sent }) => sent >= accepted)
  const lostBefore = lost.filter(({ sent }) => sent < accepted)
  const broken = lostBefore.filter((write) => mustLast(write, synchronous, accepted))
  const stale = load.stale.filter((write) => mustLast(write, synchronous, accepted))
  report.promise(`${name}: acknowledged writes lost after the promotion = 0`, lostAfter.length === 0, `${lostAfter.length} of ${load.acknowledged.length}`)
  if (synchronous) report.promise(`${name}: acknowledged writes lost before it, of those whose COMMIT waits = 0`, broken.length === 0, broken.length)
  report.figure(`${name}: acknowledged writes lost before it, whose COMMIT has not waited`, lostBefore.length - broken.length)
  report.promise(`${name}: stale reads = 0`, stale.length === 0, `${stale.length} of ${load.acknowledged.length}`)
  report.tally(`${name}: failed writes`, load.failed)
  report.figure(`${name}: a failed write took`, load.failedTook)
  report.tally(`${name}: failed reads`, load.failedReads)
}

const rowsOf = async (member: ClusterMember): Promise<number> => (await member.query<[{ n: number }]>('select count(*)::int n from item'))[0].n
