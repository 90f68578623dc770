import { ownStatement } from '../events/watch-query.ts'
import type { PgResult } from '../postgres/pg.ts'
import { endOfRecord, parseLsn } from './lsn.ts'
import type { Position } from './position.ts'

/** What a server has said of itself. */
export interface Sample extends Position {
  /** When it was asked, of `performance.now()`: everything that was committed by then is in the position of a primary. */
  readonly askedAt: number
  /** It accepts writes: its position is the end of its log. Of a standby it is how far that has replayed. */
  readonly primary: boolean
  /** `server_version_num`. */
  readonly version: number
}

/** Who a server is. Only a connection's first answer, and those after a promotion, need all of this: it reads the control file. */
interface Identity {
  readonly system: string
  readonly timeline: number
  readonly primary: boolean
  readonly version: number
}

/** pg_is_in_recovery() is volatile, so that the inner query is asked once for all. */
const POSITION = `case when standby then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end::text as lsn`

/**
 * A standby tells on which timeline it receives only to those who may see statistics; what its control file says comes later, which is the safe side.
 */
const TIMELINE = `case when standby then greatest(
    (select received_tli from pg_stat_wal_receiver limit 1),
    (select min_recovery_end_timeline from pg_control_recovery()),
    (select timeline_id from pg_control_checkpoint()))
  else ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int end as timeline`

export const WHO_AND_WHERE: string = ownStatement(
  `select standby, ${POSITION}, ${TIMELINE}, (select system_identifier from pg_control_system())::text as system, current_setting('server_version_num')::int as version from (select pg_is_in_recovery() as standby) server`,
)

export const WHERE: string = ownStatement(`select standby, ${POSITION} from (select pg_is_in_recovery() as standby) server`)

/** How long the identity of a standby is believed, in ms: it may have begun to follow another timeline. */
const IDENTITY_MS = 1000

/** Reads the answers of one connection. */
export class SampleReader {
  #identity: Identity | undefined
  #identifiedAt = 0

  /** The question to ask next. */
  get question(): string {
    const known = this.#identity !== undefined && (this.#identity.primary || performance.now() - this.#identifiedAt < IDENTITY_MS)
    return known ? WHERE : WHO_AND_WHERE
  }

  /** @returns undefined where the server has been promoted since, so that it must be asked once more */
  read(answer: PgResult, askedAt: number): Sample | undefined {
    const { standby, lsn, system, timeline, version } = answer.rows[0] as { standby: boolean; lsn: string | null; system?: string; timeline?: number; version?: number }
    if (system !== undefined) {
      this.#identity = { system, timeline: timeline!, primary: !standby, version: version! }
      this.#identifiedAt = askedAt
    }
    if (this.#identity!.primary === standby) {
      this.#identity = undefined
      return undefined
    }
    const place = lsn === null ? 0n : parseLsn(lsn) // a standby that has replayed nothing yet
    return { ...this.#identity!, lsn: standby ? place : endOfRecord(place), askedAt }
  }
}
