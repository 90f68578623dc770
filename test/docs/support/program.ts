import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Generous: the machine may be busy with other tests. */
const PATIENCE_MS = 300_000

/** A TypeScript file run as users run it, in a process of its own; killed when the test ends. */
export class Program {
  readonly #child: ChildProcess
  readonly #ended: Promise<End>
  #printed = ''
  #out = ''

  /**
   * @param file - a path from the root of the repository
   * @param cwd - where it is run
   */
  constructor(t: Teardown, file: string, env: Record<string, string> = {}, cwd = root) {
    this.#child = spawn(process.execPath, ['--conditions=fastify-sqlassist-source', `--import=${import.meta.resolve('tsx')}`, resolve(root, file)], {
      cwd,
      env: { ...process.env, TSX_TSCONFIG_PATH: resolve(root, 'tsconfig.json'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#printed += text
        if (stream === this.#child.stdout) this.#out += text
        this.#child.emit('printed')
      })
    }
    this.#ended = once(this.#child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }))
    t.teardown(() => this.#child.kill('SIGKILL'))
  }

  /** What it has written so far, to either stream. */
  get printed(): string {
    return this.#printed
  }

  /** What it has written so far to its output: Node's own warnings are not in it. */
  get out(): string {
    return this.#out
  }

  /** Resolves to the match when the program has printed it; rejects when it ends without, or takes for ever. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(PATIENCE_MS)
    for (;;) {
      const match = pattern.exec(this.#printed)
      if (match !== null) return match
      const over = await Promise.race([once(this.#child, 'printed', { signal: deadline }).then(() => false), this.#ended.then(() => true)])
      if (over && !pattern.test(this.#printed)) throw new Error(`It ended without printing ${pattern.source}:\n${this.#printed}`)
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** How it ended. One that does not end by itself is killed after a while. */
  async end(): Promise<End> {
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS)
    try {
      return await this.#ended
    } finally {
      clearTimeout(impatience)
    }
  }
}
