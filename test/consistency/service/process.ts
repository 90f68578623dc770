import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ServiceSettings } from './settings.ts'

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))

/** A service that can be talked to over HTTP only. */
export class ServiceProcess {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  static async start(settings: ServiceSettings): Promise<ServiceProcess> {
    const child = fork(CHILD, [JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [])])) as [{ port: number }?]
    if (message === undefined) throw new Error('the service has not started')
    return new ServiceProcess(child, message.port)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const hopeless = setTimeout(() => this.#child.kill('SIGKILL'), 15_000)
    await exited
    clearTimeout(hopeless)
  }
}

/** Several of the same. */
export async function startServices(settings: ServiceSettings, size = 2): Promise<readonly ServiceProcess[]> {
  return await Promise.all(Array.from({ length: size }, async () => await ServiceProcess.start(settings)))
}
