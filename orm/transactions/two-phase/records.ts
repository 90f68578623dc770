import { randomBytes } from 'node:crypto'
import type { SqlConnection } from './database.ts'

/** Where decisions are written down; MikroORM's schema commands leave it alone. */
export const RECORDS_TABLE = 'sqlassist_transactions'

export type Decision = 'commit' | 'abort'

/** One engine's part of a transaction: by the id that its server has given to it one can ask later what became of it. */
export interface Part {
  readonly engine: string
  /** The mark of its database: another application may have an engine of that name. */
  readonly home: string
  readonly xid: string
}

/** A decision as it was written down. */
export interface DecisionRecord {
  readonly id: string
  readonly parts: readonly Part[]
}

/** Who is asked first decides: the key is the transaction, so that of two decisions only one can be written. */
const CREATE = `create table if not exists ${RECORDS_TABLE} (
  id text primary key, decision text not null, parts text not null default '[]', decided_at timestamptz not null default now())`

/** The row that marks the database, beside the decisions. */
const HOME = 'home'

/** How long a mark of "aborted" stays, in case that whoever it was meant for was only asleep. */
const ABORTED_FOR = '7 days'

export const INSERT_DECISION = `insert into ${RECORDS_TABLE} (id, decision, parts) values`

/**
 * The mark of a database, made where there is none: a random one, so that a prepared transaction can say where its decision is.
 * Called before anything is prepared.
 */
export async function makeHome(connection: SqlConnection): Promise<string> {
  const known = await readHome(connection)
  if (known !== undefined) return known
  await connection.query(CREATE).catch((error: unknown) => {
    if (!CREATED_MEANWHILE.has(codeOf(error))) throw error
  })
  await connection.query(`${INSERT_DECISION} ('${HOME}', $1, '[]') on conflict do nothing`, [randomBytes(6).toString('hex')])
  return (await readHome(connection))!
}

/** @returns undefined where the database has never kept a decision */
export async function readHome(connection: SqlConnection): Promise<string | undefined> {
  const [{ there } = { there: null }] = await connection.query(`select to_regclass('${RECORDS_TABLE}') as there`)
  if (there === null) return undefined
  const [row] = await connection.query(`select decision from ${RECORDS_TABLE} where id = '${HOME}'`)
  return row?.['decision'] as string | undefined
}

/**
 * The decision on a transaction; where there is none yet, it is "abort" from here on, and whoever comes later to write "commit" finds that out. Waits for
 * one that is being written at the moment.
 */
export async function decisionOn(id: string, connection: SqlConnection): Promise<Decision> {
  await connection.query(`${INSERT_DECISION} ($1, 'abort', '[]') on conflict do nothing`, [id])
  const [row] = await connection.query(`select decision from ${RECORDS_TABLE} where id = $1`, [id])
  return row?.['decision'] === 'commit' ? 'commit' : 'abort'
}

/** What was to be committed, and is not known to be. */
export async function committing(connection: SqlConnection): Promise<DecisionRecord[]> {
  const rows = await connection.query(`select id, parts from ${RECORDS_TABLE} where decision = 'commit'`)
  return rows.map(({ id, parts }) => ({ id: id as string, parts: JSON.parse(parts as string) as Part[] }))
}

export async function forget(ids: readonly string[], connection: SqlConnection): Promise<void> {
  await connection.query(`delete from ${RECORDS_TABLE} where id = any($1)`, [ids])
}

export async function forgetOldAborts(connection: SqlConnection): Promise<void> {
  await connection.query(`delete from ${RECORDS_TABLE} where decision = 'abort' and decided_at < now() - interval '${ABORTED_FOR}'`)
}

/** PostgreSQL's words for a table that two have made at the same moment. */
const CREATED_MEANWHILE: ReadonlySet<string> = new Set(['42P07', '23505'])

export const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? ''
