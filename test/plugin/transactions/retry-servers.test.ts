// retry where the server is at fault: a primary that was read-only for a moment, and a standby whose recovery is in the way of a query.
import { defineConfig } from '@mikro-orm/postgresql'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import t from 'tap'
import { postgres, type Config } from '../../orm/sessions/fixtures/engines.ts'
import { Author, library } from '../../orm/sessions/fixtures/library.ts'
import { asSuperuser } from '../../support/databases.ts'
import { ownPostgres } from '../../support/own-postgres.ts'
import { hasCaughtUp, standbyOf } from '../../support/standby.ts'
import { until } from '../../orm/postgres/failover/service.ts'
import { sessionsOf, shop } from './fixtures/shop.ts'

const configOf = (clientUrl: string): Config => defineConfig({ clientUrl, entities: library }) as Config

const readOnly = (name: string, on: boolean): string => `alter database "${name}" set default_transaction_read_only = ${on ? 'on' : 'off'}`

t.test('a primary that is writable again at the next attempt', async (t) => {
  const [paris, rome] = [await postgres(t), await postgres(t)]
  const { clientUrl } = paris.config()
  const name = new URL(clientUrl!).pathname.slice(1)
  const failures: number[] = []
  const { app, saved } = await shop(t, paris, rome, {
    retry: {
      attempts: 3,
      backoff(failed) {
        failures.push(failed)
        return 1
      },
    },
  })
  app.post('/', async (request) => {
    const { paris, rome, transaction } = sessionsOf(request)
    rome.persist(new Author(`Rome ${transaction.attempt}`))
    await rome.flush()
    // For the connections opened from here on: this attempt opens one, for those that have met a read-only server are not used again.
    await asSuperuser(new URL('/postgres', clientUrl).href, readOnly(name, transaction.attempt < 3))
    await paris.persistAndFlush(new Author(`Paris ${transaction.attempt}`))
    return { attempt: transaction.attempt }
  })
  t.match(await app.inject({ method: 'POST', url: '/' }), { statusCode: 200, payload: '{"attempt":3}' })
  t.strictSame(failures, [1, 2])
  t.strictSame(await saved(), { paris: ['Paris 3'], rome: ['Rome 3'] })
})

t.test('one that stays read-only is 503 after the last attempt, with nothing saved anywhere', async (t) => {
  const [paris, rome] = [await postgres(t), await postgres(t)]
  const { clientUrl } = paris.config()
  let calls = 0
  const { app, saved } = await shop(t, paris, rome, { retry: { attempts: 3, backoff: () => 0 } })
  app.post('/', async (request) => {
    calls++
    const { paris, rome } = sessionsOf(request)
    await rome.persistAndFlush(new Author('Rome'))
    await paris.persistAndFlush(new Author('Paris'))
  })
  await asSuperuser(new URL('/postgres', clientUrl).href, readOnly(new URL(clientUrl!).pathname.slice(1), true))
  const response = await app.inject({ method: 'POST', url: '/' })
  t.equal(calls, 3)
  t.match(response, { statusCode: 503 })
  t.match(response.json(), { code: 'SQLASSIST_DATABASE_READONLY' })
  t.strictSame(await saved(), { paris: [], rome: [] })
})

t.test('a query of a standby that was cancelled for the sake of its recovery', async (t) => {
  const primary = await ownPostgres(t)
  await asSuperuser(primary.url, `alter system set max_standby_streaming_delay = 0`) // the standby is a copy: it waits for no query
  {
    await using db = await createSqlAssist({ engines: { setup: { config: configOf(primary.url) } } })
    await db.engine('setup').orm.schema.create()
  }
  await asSuperuser(primary.url, `insert into author (name) select 'Ada ' || n from generate_series(1, 100) n`)
  const standby = await standbyOf(t, primary)
  await until(async () => await hasCaughtUp(primary, standby))

  await using db = await createSqlAssist({ engines: { reader: { config: configOf(standby.url), readonly: true } } })
  const seen: number[] = []
  let attempts = 0
  await db.transaction(
    async ({ reader }) => {
      attempts++
      seen.push(await reader.count(Author))
      if (attempts === 1) {
        await asSuperuser(primary.url, 'delete from author where id > 50')
        await asSuperuser(primary.url, 'vacuum author')
        await asSuperuser(primary.url, 'select pg_switch_wal()') // or what the vacuum has done is sent some time later
        await until(async () => await hasCaughtUp(primary, standby))
      }
      seen.push(await reader.count(Author))
    },
    { snapshot: true, retry: { attempts: 2 } },
  )
  t.equal(attempts, 2)
  t.strictSame(seen, [100, 50, 50], 'the first attempt was cut short, the second saw one state of things')
})
