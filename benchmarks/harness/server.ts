import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pin } from './pinning.ts'

/** Where Node.js keeps what it has made of sources, so that only the first process of a run strips their types. */
const CACHE = fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url))

/** A program of the benchmarks in a process of its own, which answers what it is asked. */
export class Server<Begun> {
  readonly #child: ChildProcess
  readonly #gone: Promise<never>
  /** What it has said first. */
  readonly begun: Begun

  private constructor(child: ChildProcess, gone: Promise<never>, begun: Begun) {
    this.#child = child
    this.#gone = gone
    this.begun = begun
  }

  /**
   * @param program - a file in benchmarks/
   * @param args - given to it as JSON
   * @param flags - of Node.js. There is no loader: Node.js strips the types by itself, and makes no source maps, which would make stacks dear.
   */
  static async start<Begun>(program: string, args: unknown, flags: readonly string[] = []): Promise<Server<Begun>> {
    const child = fork(new URL(`../${program}`, import.meta.url), [JSON.stringify(args)], {
      env: { ...process.env, NODE_COMPILE_CACHE: CACHE },
      execArgv: ['--conditions=fastify-sqlassist-source', '--no-warnings', ...flags],
    })
    pin(child.pid!, 'anywhere') // so that several can start at the same time
    const gone = once(child, 'exit').then(() => { throw new Error(`A process has ended: ${program} ${JSON.stringify(args)}`) })
    gone.catch(() => {}) // in the end it has to
    const [begun] = (await Promise.race([once(child, 'message'), gone])) as [Begun]
    pin(child.pid!, 'server')
    return new Server(child, gone, begun)
  }

  async ask<T>(question: string): Promise<T> {
    this.#child.send(question)
    const [answer] = (await Promise.race([once(this.#child, 'message'), this.#gone])) as [T]
    return answer
  }

  /** Since its beginning, of all its threads. */
  async cpuMicroseconds(): Promise<number> {
    return await this.ask('cpu')
  }

  async stop(): Promise<void> {
    if (!this.#child.connected) return
    const ended = this.#gone.catch(() => {})
    this.#child.disconnect() // it ends by itself then, and writes its profile, where it was asked for one
    await ended
  }
}
