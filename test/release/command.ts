import { spawn } from 'node:child_process'

/** What a finished command has said. */
export interface Ended {
  readonly status: number
  readonly text: string
}

export interface Surroundings {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Long enough for an installation over a slow network. */
const PATIENCE_MS = 600_000
const TOLD_EVERY_MS = 15_000

/** Runs a command to its end, and tells from time to time that it still does. */
export async function run(command: string, args: readonly string[], { cwd = process.cwd(), env = {} }: Surroundings = {}): Promise<Ended> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE_MS })
  const started = performance.now()
  const telling = setInterval(() => console.log(`... ${[command, ...args].join(' ').slice(0, 60)} has been running for ${Math.round((performance.now() - started) / 1000)} s`), TOLD_EVERY_MS)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (said: string) => void (text += said))
  try {
    const [status, signal] = await new Promise<[number | null, string | null]>((resolve) => {
      child.once('error', (error) => {
        text += error.message
        resolve([1, null])
      })
      child.once('close', (...ended) => resolve(ended))
    })
    return { status: status ?? 1, text: signal === null ? text : `${text}\nended by ${signal}` }
  } finally {
    clearInterval(telling)
  }
}

/**
 * The output of a command that must not fail.
 *
 * @throws what it has said
 */
export async function output(command: string, args: readonly string[], surroundings?: Surroundings): Promise<string> {
  const { status, text } = await run(command, args, surroundings)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} has failed:\n${text}`)
  return text
}

/** What it has said in the end, for a row of a report: of a failure, what it was. */
export function gist({ status, text }: Ended, lines = 12): string {
  const all = text.trim().split('\n')
  if (status === 0) return all.at(-1)!
  const first = Math.max(0, all.findIndex((line) => /error/i.test(line)))
  return all.slice(first, first + lines).join('\n       ')
}
