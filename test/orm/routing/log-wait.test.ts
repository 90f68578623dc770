// PostgreSQL 19 waits by itself until a position has been replayed. It cannot be had here: a real standby of version 18 answers, and a stand-in for the one new
// command asks that again and again, as the manual says what the command does.
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { LogWait, WAITS_SINCE } from '../../../orm/routing/log-wait.ts'
import { parseLsn } from '../../../orm/routing/lsn.ts'
import type { Position } from '../../../orm/routing/position.ts'
import { Sampler } from '../../../orm/routing/sampler.ts'
import { Waiting } from '../../../orm/routing/waiting.ts'
import type { PgClient } from '../../../orm/postgres/pg.ts'
import { replicatedCluster } from '../../support/replicated-cluster.ts'

const cluster = await replicatedCluster(t, { replicas: 1 })
const [replica] = cluster.replicas as [(typeof cluster.replicas)[number]]
const COMMAND = /^wait for lsn '([\dA-F]+\/[\dA-F]+)' with \(timeout '(\d+)ms', no_throw\)$/

class Standby19 {
  readonly commands: string[] = []
  readonly clients: pg.Client[] = []
  samples = 0
  broken = false

  readonly connect = async (): Promise<PgClient> => {
    const client = new pg.Client({ connectionString: replica.url })
    await client.connect()
    client.on('error', () => {})
    this.clients.push(client)
    const query = client.query.bind(client) as (sql: string) => Promise<pg.QueryResult>
    client.query = (async (sql: string) => {
      const [, lsn, timeoutMs] = COMMAND.exec(sql) ?? []
      if (lsn === undefined) {
        this.samples++
        const answer = await query(sql)
        for (const row of answer.rows as { version?: number }[]) if (row.version !== undefined) row.version = WAITS_SINCE
        return answer
      }
      this.commands.push(lsn)
      if (this.broken) throw new Error('syntax error at or near "wait"')
      const until = performance.now() + Number(timeoutMs)
      for (;;) {
        const { rows: [row] } = await query(`select pg_last_wal_replay_lsn() >= '${lsn}' as done`)
        if (row.done || performance.now() > until) return { rows: [{ status: row.done ? 'success' : 'timeout' }] }
        await sleep(1)
      }
    }) as never
    return client as unknown as PgClient
  }
}

function waitingOn(t: { teardown(fn: () => unknown): unknown }, server: Standby19): Waiting {
  const [sampler, log] = [new Sampler(server.connect), new LogWait(server.connect)]
  t.teardown(async () => {
    sampler.close()
    log.close()
    await Promise.all(server.clients.map(async (client) => await client.end().catch(() => {})))
  })
  return new Waiting(sampler, log)
}

async function positionNow(): Promise<Position> {
  await cluster.primary.query(`select pg_logical_emit_message(true, 'test', 'something')`)
  const [row] = await cluster.primary.query(`select pg_current_wal_insert_lsn()::text as lsn, (select system_identifier from pg_control_system())::text as system`)
  const { lsn, system } = row as { lsn: string; system: string }
  return { system, timeline: 1, lsn: parseLsn(lsn) }
}

t.test('the server is asked once, and says when it is so far', async (t) => {
  const server = new Standby19()
  const waiting = waitingOn(t, server)
  await replica.pause()
  const position = await positionNow()
  const reached = waiting.reached(position, 60_000)
  while (server.commands.length === 0) await sleep(1)
  const [before, asked] = [server.samples, server.commands.length]
  await replica.resume()
  t.equal(await reached, true)
  t.ok(server.samples - before <= server.commands.length - asked + 2, 'one question for each command, and no more')
})

t.test('those who wait for less are told earlier; who gives up is not held', async (t) => {
  const server = new Standby19()
  const waiting = waitingOn(t, server)
  await replica.pause()
  const first = await positionNow()
  const never = { ...first, lsn: first.lsn + 0x1_0000_0000n }
  const [far, near] = [waiting.reached(never, 60_000), waiting.reached(first, 60_000)]
  t.equal(await waiting.reached(first, 30), false)
  await replica.resume()
  t.equal(await near, true)
  const [row] = await replica.query('select pg_is_in_recovery() as standby')
  t.strictSame(row, { standby: true })
  t.equal(await Promise.race([far, sleep(50, 'still waiting')]), 'still waiting')
  await replica.kill()
  t.equal(await far, false, 'the server is gone')
  await replica.start()
})

t.test('a server that does not know the command after all is asked again and again', async (t) => {
  const server = new Standby19()
  server.broken = true
  const waiting = waitingOn(t, server)
  await replica.pause()
  const reached = waiting.reached(await positionNow(), 60_000)
  while (server.commands.length < 3) await sleep(1)
  await replica.resume()
  t.equal(await reached, true)
})
