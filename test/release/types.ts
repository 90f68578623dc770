import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { CheckScene } from './check.ts'
import { output } from './command.ts'
import { writeApplication } from './types/application.ts'

const ENTITIES = 200
const ROUNDS = 5
const PROMISED_MS = 1000
/** The compiler's own count of its work, which no other load of the machine changes. */
const PROMISED_SHARE = 0.15
const KINDS = ['without', 'with'] as const

/** What the applications import, beside the package that is looked at. */
const PACKAGES = ['@mikro-orm', '@types', 'fastify', 'kysely', 'typescript']

/** Has the compiler say what it has used of the processor: that is less moved by what else the machine does than the time on the clock. */
const TELLS = `data:text/javascript,${encodeURIComponent("process.on('exit', () => { const { user, system } = process.cpuUsage(); console.log(`CPU time: ${(user + system) / 1e6}s`) })")}`

/** What one run of the compiler has cost. */
interface Cost {
  /** Of a processor. */
  readonly ms: number
  /** On the clock. */
  readonly total: number
  readonly types: number
  readonly instantiations: number
}

/** What the types of the package cost an application that is compiled with them: beside the same one on MikroORM alone, in turn, the cheapest run of each. */
export async function checkTypes({ tarball, report, say }: CheckScene): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-types-'))
  try {
    await install(folder, tarball.path)
    for (const kind of KINDS) writeApplication(join(folder, kind), ENTITIES, kind)
    const costs = { without: [] as Cost[], with: [] as Cost[] }
    for (let round = 1; round <= ROUNDS; round++) {
      for (const kind of KINDS) costs[kind].push(await compile(join(folder, kind)))
      say(`round ${round} of ${ROUNDS}: ${KINDS.map((kind) => `${kind} it ${costs[kind].at(-1)!.ms} ms`).join(', ')}`)
    }
    const cheapest = { without: least(costs.without), with: least(costs.with) }
    for (const kind of KINDS) {
      const { ms, total, types, instantiations } = cheapest[kind]
      report.figure(`${ENTITIES} entities and their routes ${kind} the package`, `${ms} ms of a processor (${total} on the clock), ${types} types, ${instantiations} instantiations`)
    }
    for (const count of ['types', 'instantiations'] as const) {
      const share = cheapest.with[count] / cheapest.without[count] - 1
      report.promise(`less than ${PROMISED_SHARE * 100} % more ${count}`, share < PROMISED_SHARE, `${(share * 100).toFixed(1)} %`)
    }
    const more = cheapest.with.ms - cheapest.without.ms
    report.promise(`its types cost less than ${PROMISED_MS} ms more`, more < PROMISED_MS, `${more} ms, the cheapest of ${ROUNDS} runs each, on a machine that should have nothing else to do`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The package as it is published; the others are those that the tests use. */
async function install(folder: string, tarball: string): Promise<void> {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'fastify-sqlassist'), { recursive: true })
  await output('tar', ['-xzf', tarball, '-C', join(modules, 'fastify-sqlassist'), '--strip-components=1'])
  for (const name of PACKAGES) symlinkSync(resolve('node_modules', name), join(modules, name))
}

/** @throws what the compiler complains about: an application with errors may be checked in no time */
async function compile(project: string): Promise<Cost> {
  const text = await output(process.execPath, ['--import', TELLS, resolve('node_modules/typescript/bin/tsc'), '-p', project, '--extendedDiagnostics'])
  const figure = (name: string): number => {
    const value = new RegExp(`^${name}: +([\\d.]+)`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`The compiler has not said '${name}':\n${text}`)
    return Number(value)
  }
  const ms = (name: string): number => Math.round(figure(name) * 1000)
  return { ms: ms('CPU time'), total: ms('Total time'), types: figure('Types'), instantiations: figure('Instantiations') }
}

const least = (costs: readonly Cost[]): Cost => costs.toSorted((one, other) => one.ms - other.ms)[0]!
