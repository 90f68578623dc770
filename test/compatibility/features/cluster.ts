import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { Program } from '../../docs/support/program.ts'
import { type Feature } from '../feature.ts'
import { eventually } from '../../support/eventually.ts'

const REQUESTS = 150
const AT_ONCE = 6

interface Answer {
  readonly status: number
  readonly pid: number
  readonly connection: number
  readonly before: unknown
  readonly mine: readonly string[]
}

async function post(agent: Agent, signal: AbortSignal, port: number, path: string): Promise<Answer> {
  const sent = request({ agent, signal, port, path, method: 'POST', host: '127.0.0.1' }).end()
  const [response] = (await once(sent, 'response')) as [Parameters<typeof json>[0] & { statusCode: number }]
  return { ...((await json(response)) as Answer), status: response.statusCode }
}

/** Every third one asks for an abort. */
const statusOf = (number: number): number => (number % 3 === 0 ? 422 : 201)

export const clusters: readonly Feature[] = [
  {
    title: 'a `cluster` of processes under load, of which one is killed',
    needsServer: true,
    slow: true,
    async run(place) {
      await using ends = new AsyncDisposableStack()
      const program = new Program({ teardown: (fn) => ends.defer(async () => void (await fn())) }, 'test/compatibility/features/cluster-program.ts', { TEST_DATABASE: JSON.stringify(place.server!.fromAfar) })
      const agent = new Agent({ keepAlive: false, maxSockets: AT_ONCE })
      const workers = async (count: number): Promise<{ pid: number; port: number }[]> => {
        await eventually(() => program.out.split('\n').length > count, `${count} workers`)
        return program.out.split('\n').slice(0, count).map((line) => JSON.parse(line) as { pid: number; port: number })
      }
      const [victim, other] = (await workers(2)) as [{ pid: number; port: number }, { pid: number }]
      let patience = new AbortController()
      const answers = new Map<number, Answer | undefined>()
      const ask = async (number: number): Promise<void> => void answers.set(number, await post(agent, patience.signal, victim.port, `/note-${number}/${statusOf(number)}`).catch(() => undefined))
      const numbers = Array.from({ length: REQUESTS }, (_, number) => number)
      const load = async (): Promise<void> => {
        for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
          if (numbers.length === REQUESTS / 2) process.kill(victim.pid, 'SIGKILL')
          await ask(number)
        }
      }
      const replaced = workers(3).then((all) => {
        patience.abort() // what Node.js had handed to the dead process is never answered
        patience = new AbortController()
        return all[2]
      })
      await Promise.all(Array.from({ length: AT_ONCE }, load))
      const replacement = await replaced
      for (let number = REQUESTS; ![...answers.values()].some((answer) => answer?.pid === replacement!.pid); number++) await ask(number)

      const all = [...answers].flatMap(([number, answer]) => (answer === undefined ? [] : [{ number, ...answer }]))
      assert.deepEqual(new Set(all.map(({ pid }) => pid)), new Set([victim.pid, other.pid, replacement!.pid]), 'all of them have answered')
      for (const { number, status, before, mine } of all) assert.deepEqual({ status, before, mine }, { status: statusOf(number), before: null, mine: [`note-${number}`] })
      const owners = new Map(all.map(({ connection, pid }) => [connection, pid]))
      for (const { connection, pid } of all) assert.ok(place.server!.pooled || owners.get(connection) === pid, 'no connection belongs to two processes')
      const saved = new Set(await place.notes())
      for (const { number, status } of all) assert.equal(saved.has(`note-${number}`), status === 201, `note-${number} is durable where the client was told so`)
      assert.ok(all.length >= REQUESTS - 2 * AT_ONCE, `${REQUESTS - all.length} requests were lost with the process`)
      assert.ok((await place.server!.connections()) <= 6, 'those of the dead process are gone')

      program.kill('SIGUSR2')
      assert.deepEqual(await program.end(), { code: 0, signal: null })
      await eventually(async () => (await place.server!.connections()) === 0, 'connections are closed')
    },
  },
]
