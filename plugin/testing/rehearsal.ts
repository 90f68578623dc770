import { TestEngineUnsupportedError, TestsAtOnceError } from '../../orm/errors.ts'
import type { Engine } from '../../orm/engines/engine.ts'
import type { SqlAssist } from '../../orm/index.ts'
import type { EnginePool } from '../../orm/postgres/engine-pool.ts'
import { sendCancelRequest } from '../../orm/postgres/cancel-request.ts'
import { openEntrance } from './entrance.ts'
import { isPartOf } from './test-hooks.ts'
import { SharedDatabase } from './shared/shared-database.ts'
import { ServerConnection } from './wire/server-connection.ts'

/** An engine, and how its database is reached in truth. */
interface Place {
  readonly engine: Engine
  readonly pool: EnginePool
  readonly options: Record<string, unknown>
}

/** A database is the same where server, port and name are, whatever the names were that led to it. */
const WHICH = `select concat_ws('/', pg_postmaster_start_time(), current_setting('port'), current_database()) as database, session_user::text as "user"`

/** The tests of one application. */
export class Rehearsal {
  readonly #databases: readonly SharedDatabase[]
  /** What the runner has told of the tests that run, each part of the one before. */
  readonly #running: unknown[] = []

  private constructor(databases: readonly SharedDatabase[]) {
    this.#databases = databases
  }

  /** Leads the connections of an application to where all that they do can be undone. */
  static async of(sqlassist: SqlAssist, engines: readonly string[], deadlockMs: number): Promise<Rehearsal> {
    const places = engines.map((name) => placeOf(sqlassist.engine(name)))
    const groups = await grouped(places)
    const databases: SharedDatabase[] = []
    for (const group of groups) databases.push(await shareAmong(group, deadlockMs))
    return new Rehearsal(databases)
  }

  /**
   * @param context - what the runner says of the test
   * @throws TestsAtOnceError where another test runs that this one is no part of
   */
  async begin(context: unknown): Promise<void> {
    if (this.#running.length > 0 && !isPartOf(context, this.#running.at(-1))) throw new TestsAtOnceError()
    const begun: SharedDatabase[] = []
    try {
      for (const database of this.#databases) {
        await database.begin()
        begun.push(database)
      }
    } catch (error) {
      await Promise.allSettled(begun.map(async (database) => await database.end()))
      throw error
    }
    this.#running.push(context)
  }

  /** @throws TestReplayError, or what has become of the connection */
  async end(context: unknown): Promise<void> {
    const at = this.#running.lastIndexOf(context)
    if (at === -1) return // it has not begun
    this.#running.splice(at, 1)
    const ends = await Promise.allSettled(this.#databases.map(async (database) => await database.end()))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /** Gives up the connections to the servers, so that the databases can be dropped. */
  close(): void {
    for (const database of this.#databases) database.close()
  }
}

function placeOf(engine: Engine): Place {
  const { pool, name } = engine
  if (pool === undefined) throw new TestEngineUnsupportedError(name, NOT_OURS)
  if (engine.replicated) throw new TestEngineUnsupportedError(name, `what is not committed never comes to its replicas; in tests give it 'config' in place of 'replicas'`)
  if (engine.database?.twoPhase === true) throw new TestEngineUnsupportedError(name, `what was prepared by two-phase commit is no part of a transaction any more; in tests leave out 'twoPhase'`)
  try {
    return { engine, pool, options: engine.connectionOptions() }
  } catch (cause) {
    throw new TestEngineUnsupportedError(name, NOT_OURS, { cause })
  }
}

const NOT_OURS = `that needs PostgreSQL, and connections that are made here. SQLite: give each test file a database of its own, in memory or in a new file. ` +
  `An 'orm' of the application's own: make it with sqlAssistConfig(). If it is to be left alone, list the others in the option 'engines'`

async function grouped(places: readonly Place[]): Promise<Place[][]> {
  const leaders = places.filter(({ engine: { follows } }) => !places.some(({ engine: { name } }) => name === follows))
  const identities = await Promise.all(leaders.map(async (place) => ({ place, ...(await identityOf(place)) })))
  return [...Map.groupBy(identities, ({ database }) => database).values()].map((same) => {
    const stranger = same.find(({ user }) => user !== same[0]!.user)
    if (stranger !== undefined) throw new TestEngineUnsupportedError(stranger.place.engine.name, `it logs in to the database of engine '${same[0]!.place.engine.name}' as another user, and they must share a connection; in tests name the same user`)
    const names = new Set(same.map(({ place }) => place.engine.name))
    return [...same.map(({ place }) => place), ...places.filter(({ engine: { follows } }) => follows !== undefined && names.has(follows))]
  })
}

async function identityOf({ pool, options }: Place): Promise<{ database: string; user: string }> {
  const client = await pool.connectAside(undefined, options)
  try {
    const { rows } = (await client.query(WHICH)) as { rows: { database: string; user: string }[] }
    return rows[0]!
  } finally {
    await client.end()
  }
}

async function shareAmong(group: readonly Place[], deadlockMs: number): Promise<SharedDatabase> {
  const { pool, options } = group.find(({ engine }) => !engine.readonly) ?? group[0]!
  const reach = {
    connect: async (): Promise<ServerConnection> => new ServerConnection(await pool.connectAside(undefined, options)),
    stop: async ({ client }: ServerConnection): Promise<void> => await sendCancelRequest(client, options),
  }
  const shared = new SharedDatabase(reach, deadlockMs)
  const entrance = await openEntrance(shared)
  for (const place of group) place.pool.moveTo(entrance)
  return shared
}
