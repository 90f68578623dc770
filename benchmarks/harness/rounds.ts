import { measure, serve, type Served, stop } from './http-server.ts'
import type { Sample } from './sample.ts'
import type { Stage } from './stage.ts'
import { shuffled } from './statistics.ts'
import type { Variant } from './variant.ts'

/** They have the most code to be optimised, and take the longest. */
const USES_MIKRO_ORM: ReadonlySet<string> = new Set(['mikro-orm', 'ours'])

/** What each variant is asked for. */
export interface Asked {
  readonly requests: readonly Buffer[]
  /** The method and path of one whose answer must be the same from all. */
  readonly same?: string
  /** Run before each generation of processes. */
  readonly sql?: string
}

/** More than so many processes are not measured in turn: those that rest long are slower for a while afterwards. */
const MOST_IN_TURN = 6

/**
 * Generations of processes, one of each variant, in groups that are measured round by round, everybody of a group once in a round and in another order each time: what else the
 * machine does meets all of them. New processes come with each generation, because those of the same variant are optimised differently, each for its lifetime.
 */
export async function measureInRounds(stage: Stage, variants: readonly Variant[], asked: Asked): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let generation = 0; generation < stage.processes; generation++) {
    for (const [index, group] of groupsOf(variants).entries()) samples.push(...(await measureGroup(stage, group, asked, `${generation}.${index}`)))
    stage.tell(`processes ${generation + 1} of ${stage.processes}`)
  }
  return samples
}

/** Groups of about the same size, others in each generation; that which all are compared with is in each of them. */
export function groupsOf(variants: readonly Variant[]): Variant[][] {
  const reference = variants.filter((variant) => variant.reference === true).slice(0, 1)
  const others = shuffled(variants.filter((variant) => variant !== reference[0]))
  const count = Math.ceil(others.length / (MOST_IN_TURN - reference.length))
  return Array.from({ length: count }, (_, group) => [...reference, ...others.filter((_variant, index) => index % count === group)])
}

async function measureGroup(stage: Stage, variants: readonly Variant[], asked: Asked, process: string): Promise<Sample[]> {
  if (asked.sql !== undefined) await stage.database.run(asked.sql)
  const served: Served[] = []
  try {
    const left = shuffled(variants)
    const start = async (): Promise<void> => {
      for (let variant = left.pop(); variant !== undefined; variant = left.pop()) served.push(...(await serve(stage, [variant], asked.requests)))
    }
    await Promise.all([start(), start()])
    if (asked.same !== undefined) await assertSame(served, asked.same)
    for (const { variant, load } of served) await load.run({ ms: USES_MIKRO_ORM.has(variant.kind) ? stage.warmUpMs : stage.warmUpMs / 2 })
    const figures = new Map(served.map((one) => [one, { cpu: [] as number[], perSecond: [] as number[] }]))
    for (let round = 0; round < stage.rounds; round++) {
      for (const one of shuffled(served)) {
        await one.load.run({ ms: stage.portionMs }) // it has rested while the others were asked, and may have closed its connections
        const { cpu, perSecond } = await measure(one, stage.portionMs)
        figures.get(one)!.cpu.push(cpu)
        figures.get(one)!.perSecond.push(perSecond)
      }
    }
    return [...figures].map(([{ variant }, measured]) => ({ variant: variant.name, process, figures: measured }))
  } finally {
    await stop(served)
  }
}

/** A variant that answers something else would be compared in vain. */
async function assertSame(served: readonly Served[], path: string): Promise<void> {
  const answers = await Promise.all(served.map(async ({ port }) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text()))
  for (const [index, answer] of answers.entries()) {
    if (answer !== answers[0]) throw new Error(`${served[0]!.variant.words} answers ${answers[0]}, and ${served[index]!.variant.words} ${answer}`)
  }
}
