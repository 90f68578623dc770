import { createSqlAssist, type EngineOptions, type SqlAssist } from 'fastify-sqlassist/orm'
import type { Place, Sessions, Writer } from './place.ts'

/** Something that is promised: it rejects with a coded error where a database cannot, with any other one where it is broken. */
export interface Feature {
  readonly title: string
  /** Nothing that could be there where the database is a part of the process. */
  readonly needsServer?: boolean
  /** Takes seconds: on one database by default, on all at full size. */
  readonly slow?: boolean
  readonly run: (place: Place) => Promise<void>
}

/** Engines on a place, by their options. */
export async function enginesOn(place: Place, engines: Record<string, Partial<EngineOptions>> = { writer: {} }): Promise<SqlAssist> {
  const complete = Object.entries(engines).map(([name, options]) => [name, { ...(options.replicas === undefined ? { config: place.config() } : {}), ...options }] as const)
  return await createSqlAssist({ engines: Object.fromEntries(complete), closeTimeoutMs: 2000 })
}

/** Sessions of their own for some work, as a request has them. */
export async function inSession<T>(db: SqlAssist, work: (sessions: Sessions) => Promise<T>): Promise<T> {
  await using sessions = db.session() as unknown as Sessions
  return await work(sessions)
}

/** The session of the engine `writer`. */
export async function writing<T>(db: SqlAssist, work: (writer: Writer) => Promise<T>): Promise<T> {
  return await inSession(db, async ({ writer }) => await work(writer!))
}
