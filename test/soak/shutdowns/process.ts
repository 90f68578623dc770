// The service as a process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))

/** After so long without an end it is killed, in ms. */
const HOPELESS_MS = 30_000

export class ServiceProcess {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  static async start(url: string, closeTimeoutMs: number): Promise<ServiceProcess> {
    const child = spawn(process.execPath, [...process.execArgv.filter((arg) => !arg.startsWith('--inspect')), CHILD, url, String(closeTimeoutMs)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [first] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => [])])) as [Buffer?]
    if (first === undefined) throw new Error('the service has not started')
    return new ServiceProcess(child, (JSON.parse(first.toString()) as { port: number }).port)
  }

  /** Ends it as an operator does. Resolves to how long that took, and how it has ended. */
  async terminate(): Promise<{ readonly ms: number; readonly code: number | string }> {
    const started = performance.now()
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), HOPELESS_MS)
    const exited = once(this.#child, 'exit') as Promise<[number | null, string | null]>
    this.#child.kill('SIGTERM')
    const [code, signal] = await exited
    clearTimeout(killing)
    return { ms: performance.now() - started, code: code ?? signal ?? 'unknown' }
  }
}
