// Runs parts one after the other, and prints what they have measured.
import { readOptions } from '../soak/options.ts'
import { Random } from '../soak/random.ts'
import { Report } from '../soak/report.ts'
import { cost } from './cost/part.ts'
import { killed } from './killed/part.ts'
import { pairs } from './pairs/part.ts'
import type { Part, Scene } from './part.ts'
import { paused } from './paused/part.ts'
import { promoted } from './promoted/part.ts'
import { soak } from './soak/part.ts'
import { Undo } from './undo.ts'

const PARTS: readonly Part[] = [pairs, paused, killed, promoted, soak, cost]

/** @param defaults - how much of each part */
export async function runProgram(defaults: Readonly<Record<string, number>>): Promise<void> {
  const { sizes, seed, patience } = readOptions('consistency', PARTS, defaults)
  console.log(`consistency: seed ${seed}, ${[...sizes].map(([part, size]) => `${size} ${part}`).join(', ')}`)
  const broken: string[] = []
  const undo = new Undo()
  undo.listen()
  for (const part of PARTS) {
    const size = sizes.get(part.name)
    if (size !== undefined) broken.push(...(await runPart(part, undo, { size, patience, random: new Random(seed) })))
  }
  console.log(broken.length === 0 ? 'All promises were kept.' : `Broken promises:\n${broken.join('\n')}`)
  process.exit(broken.length === 0 ? 0 : 1)
}

/** @returns the promises that were broken */
async function runPart(part: Part, undo: Undo, settings: Pick<Scene, 'size' | 'patience' | 'random'>): Promise<readonly string[]> {
  const report = new Report(part.title)
  const started = performance.now()
  const elapsed = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`
  const say = (text: string): void => console.log(`   ${elapsed().padStart(8)}  ${part.name}: ${text}`)
  try {
    await part.run({ ...settings, report, say, teardown: (down) => undo.add(down) })
  } catch (error) {
    await undo.unlessEnding()
    console.error(error)
    report.promise('the part comes to its end', false, (error as Error).message)
  }
  await undo.unlessEnding()
  await undo.run()
  report.figure('took', elapsed())
  console.log(`\n${report.toString()}\n`)
  return report.broken
}
