// kill -9 at each point of a two-phase commit, and during recovery.
import { defineConfig } from '@mikro-orm/postgresql'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { killAt, noSpare, POINTS, type Work } from '../../orm/transactions/two-phase/fixtures/crash.ts'
import { townsOn } from '../../orm/transactions/two-phase/fixtures/towns.ts'
import type { Config } from '../../orm/sessions/fixtures/engines.ts'
import { library } from '../../orm/sessions/fixtures/library.ts'
import { StatementGate, type Stop } from '../../support/statement-gate.ts'
import { Database } from '../database.ts'
import type { Part, Scene } from '../part.ts'
import { Tally } from '../tally.ts'

/** Where recovery is killed, and after which point of the protocol. */
const RECOVERIES: readonly { readonly point: number; readonly stop: Stop }[] = [
  { point: 2, stop: { text: `'abort'` } },
  { point: 2, stop: { text: `'abort'`, answer: true } },
  { point: 2, stop: { text: 'rollback prepared' } },
  { point: 2, stop: { text: 'rollback prepared', after: 1 } },
  { point: 3, stop: { text: 'commit prepared' } },
  { point: 3, stop: { text: 'commit prepared', after: 1 } },
  { point: 3, stop: { text: 'delete from sqlassist_transactions' } },
]

export const twoPhase: Part = {
  name: 'two-phase',
  title: 'Processes killed in a two-phase commit',
  help: 'kill -9 at each of the 6 points of a two-phase commit over 2 and over 3 databases, and as many during recovery',
  async run(scene) {
    const gate = await StatementGate.start(scene.server.url)
    for (const count of [2, 3]) await onDatabases(count, gate, scene)
    gate.stop()
    await noSpare()
  },
}

const configOf = ({ url }: Database): Config => defineConfig({ clientUrl: url, entities: library }) as Config

async function onDatabases(count: number, gate: StatementGate, { server, report, size, say }: Scene): Promise<void> {
  const databases = await Promise.all(Array.from({ length: count }, async () => await Database.create(server.url)))
  for (const database of databases) {
    await using setup = await createSqlAssist({ engines: { setup: { config: configOf(database) } } })
    await setup.engine('setup').orm.schema.create()
  }
  const ends: (() => unknown)[] = []
  const towns = townsOn({ teardown: (end: () => unknown) => void ends.push(end) }, databases.map((database) => ({ dialect: 'postgresql' as const, config: () => configOf(database) })))
  const db = await towns.assist()
  await db.recover()
  const wrong = new Tally()
  let kills = 0
  const kill = async (stop: Stop, work: Work): Promise<void> => {
    await killAt(gate, stop, towns, work)
    if (++kills % 50 === 0) say(`${count} databases: ${kills} kills`)
  }
  const look = async (name: string, kept: boolean, where: string): Promise<void> => {
    const { leftAlone, broken, failed } = await db.recover()
    const saved = (await towns.saved()).filter((names) => names.includes(name)).length
    if (saved !== (kept ? count : 0)) wrong.add(`${where}: ${saved} of ${count} have the row`)
    if ((await towns.prepared()).length > 0) wrong.add(`${where}: prepared transactions are left`)
    if (leftAlone.length + broken.length + failed.length > 0) wrong.add(`${where}: not all was recovered`)
  }
  for (let round = 1; round <= size; round++) {
    for (const [index, { name: where, stop, kept, left }] of POINTS.entries()) {
      const name = `Ada ${round} ${index}`
      await kill(stop(count), { write: name })
      if ((await towns.prepared()).length !== left(count)) wrong.add(`${where}: it was not killed there`)
      await look(name, kept, where)
    }
    const { point, stop } = RECOVERIES[round % RECOVERIES.length]!
    const { stop: first, kept } = POINTS[point]!
    const name = `Ada ${round} recovered`
    await kill(first(count), { write: name })
    await kill(stop, {})
    await look(name, kept, `recovery at ${stop.text}`)
  }
  report.figure(`${count} databases, processes killed in a commit`, size * (POINTS.length + 1))
  report.figure(`${count} databases, processes killed in recovery`, size)
  report.tally(`${count} databases, wrong`, wrong)
  report.promise(`${count} databases agree after each recovery, and nothing is prepared`, wrong.size === 0, wrong.size)
  for (const end of ends) await end()
  for (const database of databases) await database.drop()
}
