// Where everything is tried: each is a column of the table.
import { readFileSync } from 'node:fs'
import { MikroORM } from '@mikro-orm/core'
import { defineConfig as onLibSql } from '@mikro-orm/libsql'
import { defineConfig as onMariaDb } from '@mikro-orm/mariadb'
import { defineConfig as onPglite, type PgliteConnection } from '@mikro-orm/pglite'
import { defineConfig as onPostgres } from '@mikro-orm/postgresql'
import { defineConfig as onSqlite } from '@mikro-orm/sqlite'
import type { SqlEntityManager } from '@mikro-orm/sql'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import type { Test } from 'tap'
import { asSuperuser, postgresDatabase, sqliteFile } from '../support/databases.ts'
import { mariaDb, noMariaDb } from '../support/mariadb.ts'
import { noPgBouncer, pgBouncer } from '../support/pgbouncer.ts'
import { type Config, Note, type Place } from './place.ts'
import { eventually } from '../support/eventually.ts'

export interface Column {
  readonly title: string
  /** Why it cannot be tried on this machine. */
  readonly missing?: string | undefined
  open(t: Test): Promise<Place>
}

const entities = [Note]

async function withTable(place: Place): Promise<Place> {
  await using db = await createSqlAssist({ engines: { setup: { config: place.config() } } })
  await db.engine('setup').orm.schema.create()
  return place
}

/** A pooler keeps its connections to the server; what counts is who is connected to it. */
async function connectionsTo(port: number, atServer: (() => Promise<number>) | undefined): Promise<number> {
  if (atServer !== undefined) return await atServer()
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')} 01`
  return readFileSync('/proc/net/tcp', 'utf8').split('\n').filter((line) => line.split(/ +/).slice(3, 5).join(' ').endsWith(remote)).length
}

/** @param through - the URL that engines are given */
function postgresPlace(name: string, url: string, through: string): Place {
  const OURS = `from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`
  const ask = async (sql: string): Promise<{ n: number }[]> => await asSuperuser(url, sql)
  return {
    name,
    config: (more = {}) => onPostgres({ clientUrl: through, entities, ...more }) as Config,
    run: ask,
    notes: async () => (await asSuperuser<{ text: string }>(url, 'select text from note order by id')).map(({ text }) => text),
    server: {
      connections: () => connectionsTo(Number(new URL(through).port), url === through ? async () => (await ask(`select count(*)::int as n ${OURS}`))[0]!.n : undefined),
      killConnections: async () => await ask(`select pg_terminate_backend(pid, 5000) ${OURS}`),
      running: async () => (await ask(`select count(*)::int as n ${OURS} and state = 'active'`))[0]!.n,
      fromAfar: { driver: 'postgresql', clientUrl: through },
      pooled: through !== url,
      slow: 'select pg_sleep(60)',
    },
  }
}

/** What looks past everything is a MikroORM of the same driver: two copies of SQLite in a process take each other's locks away. */
async function filePlace(t: Test, name: string, onFile: (more: Config) => Config): Promise<Place> {
  const dbName = sqliteFile(t)
  const config = (more: Config = {}): Config => onFile({ dbName, entities, ...more })
  const beside = new MikroORM(config({ contextName: `beside ${name}` }))
  t.teardown(async () => await beside.close())
  const ask = async (sql: string): Promise<{ text: string }[]> => await (beside.em as SqlEntityManager).execute(sql)
  return await withTable({ name, config, run: ask, notes: async () => (await ask('select text from note order by id')).map(({ text }) => text) })
}

export const columns: readonly Column[] = [
  {
    title: 'PostgreSQL',
    async open(t) {
      const url = await postgresDatabase(t)
      return await withTable(postgresPlace('direct', url, url))
    },
  },
  {
    title: 'PostgreSQL behind PgBouncer',
    missing: noPgBouncer,
    async open(t) {
      const url = await postgresDatabase(t)
      await withTable(postgresPlace('direct', url, url))
      return postgresPlace('pooled', url, await pgBouncer(t, url, 'transaction', 10))
    },
  },
  { title: 'SQLite', open: async (t) => await filePlace(t, 'sqlite', (options) => onSqlite(options) as Config) },
  {
    title: 'MariaDB',
    missing: noMariaDb,
    async open(t) {
      const { port, query } = await mariaDb(t)
      const OURS = `from information_schema.processlist where db = 'test' and id <> connection_id()`
      const count = async (sql: string): Promise<number> => Number((await query(sql))[0]![0])
      return await withTable({
        name: 'mariadb',
        config: (more = {}) => onMariaDb({ host: '127.0.0.1', port, user: 'root', dbName: 'test', entities, ...more }) as Config,
        run: query,
        notes: async () => (await query('select text from note order by id')).map(([text]) => text!),
        server: {
          connections: async () => await count(`select count(*) ${OURS}`),
          killConnections: async () => {
            for (const [id] of await query(`select id ${OURS}`)) await query(`kill ${id}`)
            await eventually(async () => (await count(`select count(*) ${OURS}`)) === 0, 'they are gone')
          },
          running: async () => await count(`select count(*) ${OURS} and command = 'Query'`),
          fromAfar: { driver: 'mariadb', host: '127.0.0.1', port, user: 'root', dbName: 'test' },
          pooled: false,
          slow: 'select sleep(60)',
        },
      })
    },
  },
  { title: 'libSQL', open: async (t) => await filePlace(t, 'libsql', (options) => onLibSql(options) as Config) },
  {
    title: 'PGlite',
    async open(t) {
      const beside = new MikroORM(onPglite({ entities, contextName: 'beside PGlite' }) as Config)
      t.teardown(async () => await beside.close())
      const pglite = await (beside.driver.getConnection() as unknown as PgliteConnection).getNativeClient()
      return await withTable({
        name: 'pglite',
        config: (more = {}) => onPglite({ entities, driverOptions: { pglite }, ...more }) as Config,
        run: async (sql) => await pglite.exec(sql),
        notes: async () => (await pglite.query<{ text: string }>('select text from note order by id')).rows.map(({ text }) => text),
      })
    },
  },
]
