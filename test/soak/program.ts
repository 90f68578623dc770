// Runs parts one after the other, and prints what they have measured.
import { bank } from './bank/part.ts'
import { commits } from './commits/part.ts'
import { crowds } from './crowd/part.ts'
import { kills } from './kills/part.ts'
import { readOptions } from './options.ts'
import { outages } from './outages/part.ts'
import type { Part, Scene } from './part.ts'
import { Random } from './random.ts'
import { Report } from './report.ts'
import { requests } from './requests/part.ts'
import { Server } from './server.ts'
import { shutdowns } from './shutdowns/part.ts'
import { twoPhase } from './two-phase/part.ts'

const PARTS: readonly Part[] = [requests, kills, outages, crowds, shutdowns, commits, twoPhase, bank]

/** @param defaults - how much of each part */
export async function runProgram(name: string, defaults: Readonly<Record<string, number>>): Promise<void> {
  const options = readOptions(name, PARTS, defaults)
  const uncaught: unknown[] = []
  process.on('unhandledRejection', (reason) => uncaught.push(reason))
  process.on('uncaughtException', (error) => uncaught.push(error))
  console.log(`${name}: seed ${options.seed}, ${options.pipeline ? 'pipelined, ' : ''}${[...options.sizes].map(([part, size]) => `${size} ${part}`).join(', ')}`)
  const broken: string[] = []
  const server = await Server.start()
  process.once('SIGINT', () => void server.stop().finally(() => process.exit(130)))
  for (const part of PARTS) {
    const size = options.sizes.get(part.name)
    if (size === undefined) continue
    broken.push(...(await runPart(part, server, { size, ...options }, uncaught)))
  }
  await server.stop()
  console.log(broken.length === 0 ? 'All promises were kept.' : `Broken promises:\n${broken.join('\n')}`)
  process.exit(broken.length === 0 ? 0 : 1)
}

type Settings = Pick<Scene, 'size' | 'patience' | 'pipeline'> & { readonly seed: number }

/** @returns the promises that were broken */
async function runPart(part: Part, server: Server, { size, seed, patience, pipeline }: Settings, uncaught: unknown[]): Promise<readonly string[]> {
  const report = new Report(part.title)
  const started = performance.now()
  const elapsed = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`
  const say = (text: string): void => console.log(`   ${elapsed().padStart(8)}  ${part.name}: ${text}`)
  try {
    await part.run({ server, random: new Random(seed), report, size, patience, pipeline, say })
  } catch (error) {
    console.error(error)
    report.promise('the part comes to its end', false, (error as Error).message)
  }
  const reasons = uncaught.splice(0)
  for (const reason of reasons.slice(0, 3)) console.error(reason)
  report.promise('unhandled rejections and uncaught exceptions = 0', reasons.length === 0, reasons.length)
  report.figure('took', elapsed())
  console.log(`\n${report.toString()}\n`)
  return report.broken
}
