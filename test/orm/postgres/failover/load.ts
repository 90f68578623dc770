// Clients that go on asking whatever happens, and remember what they were told.
import { setTimeout as sleep } from 'node:timers/promises'

export interface Answer {
  readonly path: string
  readonly status: number
  readonly code: string | undefined
  readonly retryAfter: string | null
  readonly ms: number
}

const LANES = 6

/** One request; a body makes it a POST. */
export async function ask(url: string, path: string, body?: object): Promise<Answer> {
  const start = performance.now()
  const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(new URL(path, url), init)
  const text = await response.text()
  const code = response.ok ? undefined : (JSON.parse(text) as { code?: string }).code
  return { path, status: response.status, code, retryAfter: response.headers.get('retry-after'), ms: performance.now() - start }
}

export class Load {
  readonly answers: Answer[] = []
  /** The notes whose POST was answered 200. */
  readonly saved: string[] = []
  readonly #url: string
  readonly #paths: readonly string[]
  readonly #lanes: Promise<void>[]
  #stopped = false
  #notes = 0

  /** @param paths - `POST /insert`, `GET /notes` and so on; asked for in turn */
  constructor(url: string, paths: readonly string[]) {
    this.#url = url
    this.#paths = paths
    this.#lanes = Array.from({ length: LANES }, async (_, lane) => await this.#ask(lane))
  }

  async #ask(lane: number): Promise<void> {
    for (let turn = lane; !this.#stopped; turn++) {
      const [method, path] = this.#paths[turn % this.#paths.length]!.split(' ') as [string, string]
      const text = `note ${++this.#notes}`
      const answer = await ask(this.#url, path, method === 'POST' ? { text } : undefined)
      this.answers.push(answer)
      if (answer.status === 200 && method === 'POST') this.saved.push(text)
      await sleep(3)
    }
  }

  /** One request beside the others. */
  async also(path: string): Promise<Answer> {
    const answer = await ask(this.#url, path)
    this.answers.push(answer)
    return answer
  }

  /** Resolves when every path has been answered with that status once more. */
  async everyPathAnswers(status: number): Promise<void> {
    const from = this.answers.length
    const seen = (): Set<string> => new Set(this.answers.slice(from).flatMap((answer) => (answer.status === status ? answer.path : [])))
    const paths = this.#paths.map((path) => path.split(' ')[1]!)
    while (!paths.every((path) => seen().has(path))) await sleep(5)
  }

  /** Resolves when all requests have been answered. */
  async stop(): Promise<this> {
    this.#stopped = true
    await Promise.all(this.#lanes)
    return this
  }

  /** How often each answer was given: `200`, `503 SQLASSIST_CONNECTION_LOST`. */
  get summary(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { status, code } of this.answers) {
      const key = code === undefined ? String(status) : `${status} ${code}`
      counts[key] = (counts[key] ?? 0) + 1
    }
    return counts
  }

  get slowestMs(): number {
    return Math.round(Math.max(...this.answers.map(({ ms }) => ms)))
  }
}
