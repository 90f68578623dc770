import { Load } from './load.ts'
import { Server } from './server.ts'
import { CONNECTIONS, type Stage } from './stage.ts'
import { laneOf, type Variant } from './variant.ts'

/** A variant that is being served, and connections to it. */
export interface Served {
  readonly variant: Variant
  readonly port: number
  readonly server: Server<number[]>
  readonly load: Load
}

/** Starts a process that serves some variants, most often only one. */
export async function serve(stage: Stage, variants: readonly Variant[], requests: readonly Buffer[], flags: readonly string[] = []): Promise<Served[]> {
  const lanes = variants.map((variant) => laneOf(variant, (database) => (database === 'sqlite' ? stage.makeSqliteFile() : stage.database.url)))
  const server = await Server.start<number[]>('servers/http.ts', lanes, [...flags, ...variants.flatMap((variant) => variant.flags ?? [])])
  return await Promise.all(variants.map(async (variant, index) => {
    const port = server.begun[index]!
    return { variant, port, server, load: await Load.open(port, CONNECTIONS, requests) }
  }))
}

/** CPU time of a request in microseconds, and answers per second. */
export async function measure({ server, load }: Served, ms: number): Promise<{ readonly cpu: number; readonly perSecond: number }> {
  const before = await server.cpuMicroseconds()
  const began = performance.now()
  const answers = await load.run({ ms })
  const seconds = (performance.now() - began) / 1000
  return { cpu: ((await server.cpuMicroseconds()) - before) / answers, perSecond: answers / seconds }
}

export async function stop(served: readonly Served[]): Promise<void> {
  for (const { load } of served) load.close()
  for (const server of new Set(served.map(({ server }) => server))) await server.stop()
}
