// What it costs when nothing lags.
import type { Part } from '../part.ts'
import { settingsOf, startCluster, startPair, warmUp } from '../stage.ts'
import { Measured } from './measured.ts'
import { AFTER_WRITE, VARIANTS } from './variants.ts'

/** Requests of one variant at a time: what else the machine does hits all of them. */
const BLOCK = 50

export const cost: Part = {
  name: 'cost',
  title: 'The cost of the gate when nothing lags',
  help: 'requests of each variant, one after the other, in blocks that take turns',
  async run(scene) {
    const { report, random, size, say } = scene
    const cluster = await startCluster(scene)
    const { ports: [port], stop } = (await startPair(scene, settingsOf(cluster))) as { ports: readonly [number, number]; stop: () => Promise<void> }
    await warmUp([port], 300)
    await cluster.primary.query('insert into item values (2, 0)')
    await cluster.caughtUp()
    const all = [...VARIANTS, AFTER_WRITE].map((variant) => new Measured(variant, cluster))
    for (const measured of all) await measured.block(port, BLOCK * 2)
    const inTurn = all.map(({ variant }) => new Measured(variant, cluster))
    const blocks = Math.ceil(size / BLOCK)
    for (let number = 0; number < blocks; number++) {
      for (const measured of shuffled(inTurn, () => random.next())) await measured.block(port, BLOCK)
      if (number % Math.ceil(blocks / 5) === 0) say(`block ${number + 1} of ${blocks}`)
    }
    for (const measured of inTurn) report.figure(measured.variant.name, measured)
    const gated = inTurn.filter(({ variant: { name } }) => name.startsWith('replicas'))
    for (const { variant, sources } of gated) report.promise(`${variant.name}: from the replicas >= 95 %`, sources.replicaShare >= 95, `${sources.replicaShare.toFixed(1)} %, waited ${sources.waits.toString()}`)
    const failures = inTurn.reduce((sum, measured) => sum + measured.failures, 0)
    report.promise('failed requests = 0', failures === 0, failures)
    for (const measured of [...all, ...inTurn]) measured.close()
    await stop()
  },
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => ({ item, at: random() })).toSorted((one, other) => one.at - other.at).map(({ item }) => item)
}
