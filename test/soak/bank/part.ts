// Money that is moved between two databases while connections are killed and cut: none is made, and none is lost.
import { setTimeout as sleep } from 'node:timers/promises'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import { createSqlAssist, type Session } from 'fastify-sqlassist/orm'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import { Database, OURS } from '../database.ts'
import type { Part } from '../part.ts'
import { Tally } from '../tally.ts'
import { Account } from './account.ts'

const ACCOUNTS = 50
const START = 1000
const CLERKS = 8
/** How long there is trouble for each unit of size, in ms. */
const MINUTE_MS = 60_000
const BANKS = ['paris', 'rome'] as const

type Bank = Session<EntityManager>

export const bank: Part = {
  name: 'bank',
  title: 'A bank with two databases, under random faults',
  help: 'minutes of transfers between two databases whose connections are killed and cut',
  async run({ server, random, report, size, say }) {
    const databases = await Promise.all(BANKS.map(async () => await Database.create(server.url)))
    for (const database of databases) {
      await database.query('create table account (id int primary key, balance int not null)')
      await database.query(`insert into account select n, ${START} from generate_series(1, ${ACCOUNTS}) n`)
    }
    const proxies = await Promise.all(databases.map(async ({ url }) => await TcpProxy.start(url)))
    const engines = Object.fromEntries(BANKS.map((name, index) => {
      return [name, { config: defineConfig({ clientUrl: proxies[index]!.url, entities: [Account], pool: { max: 5 } }), twoPhase: true, limits: { commitTimeoutMs: 4000 } }]
    }))
    const db = await createSqlAssist({ engines, recoveryIntervalMs: 500 })
    const outcomes = new Tally()
    const faults = new Tally()
    let told = 0
    const clock = { over: false }
    const transfer = async (): Promise<void> => {
      const amount = random.below(41) - 20
      try {
        await db.transaction(async (session) => {
          const sessions = session as unknown as Record<string, Bank>
          // Always in this order: two databases do not see that they wait for each other.
          await sessions['paris']!.execute('update account set balance = balance - ? where id = ?', [amount, 1 + random.below(ACCOUNTS)])
          await sessions['rome']!.execute('update account set balance = balance + ? where id = ?', [amount, 1 + random.below(ACCOUNTS)])
        })
        told++
        outcomes.add('committed')
      } catch (error) {
        outcomes.add((error as { code?: string }).code ?? (error as Error).message)
      }
    }
    const clerks = Array.from({ length: CLERKS }, async () => {
      while (!clock.over) await transfer()
    })
    const deadline = performance.now() + size * MINUTE_MS
    let saidMinutes = 0
    while (performance.now() < deadline) {
      await sleep(random.below(200))
      const victim = random.below(2)
      if (random.below(3) === 0) {
        proxies[victim]!.cut()
        faults.add('connections cut')
      } else {
        await databases[victim]!.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${OURS} order by random() limit 1`)
        faults.add('backends killed')
      }
      const minutes = Math.floor(size - (deadline - performance.now()) / MINUTE_MS)
      if (minutes > saidMinutes) say(`${(saidMinutes = minutes)} min: ${told} transfers`)
    }
    clock.over = true
    await Promise.all(clerks)
    let prepared = Infinity
    for (let tries = 0; prepared > 0 && tries < 100; tries++) {
      await db.recover()
      prepared = await databases[0]!.count(`pg_prepared_xacts where gid like 'sqlassist:%'`)
      if (prepared > 0) await sleep(100)
    }
    await db.recover()
    const sums = await Promise.all(databases.map(async (database) => (await database.query<{ sum: string }>('select sum(balance) from account'))[0]!.sum))
    const commits = await Promise.all(databases.map(async (database) => await database.count(`sqlassist_transactions where decision = 'commit'`)))
    report.tally('faults', faults)
    report.tally('transfers', outcomes)
    report.promise('transfers were made', told > 0, told)
    report.promise('prepared transactions left = 0', prepared === 0, prepared)
    report.promise('decisions left to carry out = 0', commits.every((left) => left === 0), commits.join(' and '))
    report.promise('the sum has not changed', Number(sums[0]) + Number(sums[1]) === 2 * ACCOUNTS * START, sums.join(' + '))
    await db.dispose()
    for (const proxy of proxies) proxy.stop()
    for (const database of databases) await database.drop()
  },
}
