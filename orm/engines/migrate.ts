import type { Configuration, MikroORM } from '@mikro-orm/core'
import { MigrationFailedError } from '../errors.ts'
import type { SqlAssistLogger } from '../logger.ts'
import { optionalPeer } from '../optional-peer.ts'
import { pause, withMigrationLock } from './migration-lock.ts'
import type { EngineOptions } from './options.ts'

const LOCK_TIMEOUT_MS = 300_000

/** The names under which PostgreSQL and SQLite say that somebody else holds a lock. */
const isLocked = (error: unknown): boolean => error instanceof Error && error.name === 'LockWaitTimeoutException'

/**
 * Runs the pending migrations of an engine. Any number of processes may do so at once: one migrates, the others wait and find nothing to do.
 *
 * @throws MigrationFailedError, OptionalPeerMissingError
 */
export async function migrateEngine({ name, config, migrate }: EngineOptions & { readonly name: string }, orm: MikroORM, logger: SqlAssistLogger): Promise<void> {
  const { lockTimeoutMs = LOCK_TIMEOUT_MS, ...options } = typeof migrate === 'object' ? migrate : {}
  const { Migrator } = await optionalPeer('@mikro-orm/migrations', `engine '${name}' has the option 'migrate'`, async () => await import('@mikro-orm/migrations'))
  orm.config.set('migrations', { ...orm.config.get('migrations'), ...options })
  const deadline = performance.now() + lockTimeoutMs
  let running: string | undefined
  const pending = async (): Promise<void> => {
    const migrator = withoutSnapshot(orm.config, () => new Migrator(orm.em as never))
    migrator.on('migrating', (migration) => {
      running = migration.name
    })
    const done = await migrator.up()
    logger.info({ engine: name, migrations: done.map((migration) => migration.name) }, done.length === 0 ? `Engine '${name}' has no pending migrations` : `Engine '${name}' has been migrated`)
  }
  try {
    await withMigrationLock({ name, config: config!, timeoutMs: lockTimeoutMs }, async () => await untilUnlocked(pending, orm.config, deadline))
  } catch (cause) {
    throw new MigrationFailedError(name, `${running === undefined ? '' : `${running}: `}${reasonOf(cause)}`, { cause })
  }
}

/** MikroORM writes a snapshot of the schema beside the migrations when it runs them; at start-up nothing is written but the database. */
function withoutSnapshot<T>(config: Configuration, fn: () => T): T {
  const options = config.get('migrations')
  config.set('migrations', { ...options, snapshot: false, snapshotOnMigrate: false })
  try {
    return fn()
  } finally {
    config.set('migrations', options)
  }
}

/** On SQLite the application of another process may be writing. What one transaction has undone can be tried again. */
async function untilUnlocked(fn: () => Promise<void>, config: Configuration, deadline: number): Promise<void> {
  const { transactional, allOrNothing } = config.get('migrations')
  for (;;) {
    try {
      await fn()
      return
    } catch (error) {
      if (!isLocked(error) || transactional !== true || allOrNothing !== true || performance.now() > deadline) throw error
      await pause()
    }
  }
}

/** What the database said, without the statement, which may be long and hold values. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message.slice(error.message.lastIndexOf(' - ') + 1).replace(/^- /, '')
}
