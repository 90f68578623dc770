import { measure, serve, stop } from './http-server.ts'
import type { Asked } from './rounds.ts'
import type { Sample } from './sample.ts'
import type { Stage } from './stage.ts'
import { shuffled } from './statistics.ts'
import type { Variant } from './variant.ts'

/**
 * All variants as applications of the same process, asked in turn for short blocks: no difference between processes stands between them. The n-th block of one
 * was measured next to the n-th of the others.
 */
export async function measureAlternating(stage: Stage, variants: readonly Variant[], asked: Asked, group = ''): Promise<Sample[]> {
  const samples: Sample[] = []
  const blocks = stage.rounds * 6
  for (let generation = 0; generation < stage.processes; generation++) {
    // What is registered first is not always the same.
    const served = await serve(stage, shuffled(variants), asked.requests)
    try {
      // They are the same code, which is warm when it has run long enough for any of them.
      for (let part = 0; part < 4; part++) for (const { load } of served) await load.run({ ms: stage.warmUpMs / 6 })
      const figures = new Map(served.map(({ variant }) => [variant, { cpu: [] as number[], perSecond: [] as number[] }]))
      for (let block = 0; block < blocks; block++) {
        for (const one of shuffled(served)) {
          const { cpu, perSecond } = await measure(one, stage.portionMs / 3)
          figures.get(one.variant)!.cpu.push(cpu)
          figures.get(one.variant)!.perSecond.push(perSecond)
        }
      }
      for (const [variant, measured] of figures) samples.push({ variant: variant.name, process: `${group}${generation}`, figures: measured })
      stage.tell(`processes ${generation + 1} of ${stage.processes}`)
    } finally {
      await stop(served)
    }
  }
  return samples
}
