import { fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Variant } from './variants.ts'

/** A process with the application in it. */
export interface Server {
  readonly variant: Variant
  readonly port: number
  /** Of the process, since its beginning. */
  cpuMicroseconds(): Promise<number>
  stop(): void
}

const HERE = fileURLToPath(new URL('../../', import.meta.url))

export async function startServer(variant: Variant, url: string): Promise<Server> {
  const { folder = HERE, registers = '', flags = [] } = variant
  const child = fork(new URL('server.ts', import.meta.url), [url, resolve(folder), registers], { execArgv: ['--conditions=fastify-sqlassist-source', ...flags] })
  const gone = once(child, 'exit').then(() => { throw new Error(`The application has ended: ${variant.words}`) })
  gone.catch(() => {}) // in the end it has to
  const told = async (): Promise<number> => {
    const [message] = (await Promise.race([once(child, 'message'), gone])) as [number]
    return message
  }
  const port = await told()
  return {
    variant,
    port,
    async cpuMicroseconds() {
      child.send('cpu')
      return await told()
    },
    stop: () => child.disconnect(), // it ends by itself then, and writes its profile, where it was asked for one
  }
}
