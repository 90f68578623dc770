// A standby: a copy of a primary that follows it by streaming replication.
import { execFileSync } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asSuperuser } from './databases.ts'
import { OwnPostgres } from './own-postgres.ts'
import { freePort, makeTraversable, newDirectory, servePostgres } from './postgres-server.ts'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

/**
 * Stops the primary for the moment that it takes to copy it.
 *
 * @param streamFrom - where the standby finds its primary; another URL may lead there through a proxy
 */
export async function standbyOf(t: Teardown, primary: OwnPostgres, streamFrom: string = primary.url): Promise<OwnPostgres> {
  const directory = newDirectory('standby')
  await makeTraversable(directory)
  const data = join(directory, 'data')
  await primary.stop()
  execFileSync('cp', ['-a', join(primary.directory, 'data'), data]) // owners and modes included, which PostgreSQL insists on
  await primary.start()
  writeFileSync(join(data, 'standby.signal'), '')
  appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${streamFrom}'\nwal_retrieve_retry_interval = 100\n`)
  const standby = new OwnPostgres(await servePostgres(directory, await freePort()), [])
  t.teardown(async () => await standby.remove())
  return standby
}

/** Whether the standby has replayed everything that the primary has written until now. */
export async function hasCaughtUp(primary: OwnPostgres, standby: OwnPostgres): Promise<boolean> {
  const [{ lsn }] = (await asSuperuser<{ lsn: string }>(primary.url, 'select pg_current_wal_lsn()::text lsn')) as [{ lsn: string }]
  const [{ done }] = (await asSuperuser<{ done: boolean }>(standby.url, 'select pg_last_wal_replay_lsn() >= $1::pg_lsn done', [lsn])) as [{ done: boolean }]
  return done
}
