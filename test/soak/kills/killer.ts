// Ends backends of the application at random moments.
import { type Database, OURS } from '../database.ts'
import { Tally } from '../tally.ts'

interface Victim {
  readonly killed: boolean
  readonly doing: string
}

/** One at random, rather one that is at work, and what it was doing. */
const KILL = `select pg_terminate_backend(pid) killed, state || case state when 'active' then ': ' || lower(split_part(query, ' ', 1)) else '' end as doing
  from (select pid, state, query from pg_stat_activity where ${OURS} and state is not null order by random() + case state when 'idle' then 0.7 else 0 end limit 1) victim`

export class Killer {
  killed = 0
  readonly doing = new Tally()
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async next(): Promise<void> {
    const [victim] = await this.#database.query<Victim>(KILL)
    if (victim?.killed !== true) return
    this.killed++
    this.doing.add(victim.doing)
  }
}
