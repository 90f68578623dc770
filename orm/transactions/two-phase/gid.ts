/**
 * The name of a prepared transaction. Names are the cluster's, not the database's, and others may use it as well: ours say whose they are and where their
 * decision is written down, so that nobody ever takes another one's for his own.
 */
export interface Gid {
  /** The mark of the database that keeps the decision, see `homeOf`. */
  readonly home: string
  /** The transaction, on all its engines. */
  readonly id: string
  /** The server's process that has prepared it: as long as that is connected, somebody is at work. */
  readonly backend: string
  readonly engine: string
}

/** PostgreSQL takes less than 200 bytes; what stands before the engine's name takes 82 at most. */
export const ENGINE_NAME = /^[\w.-]{1,100}$/

const PATTERN = /^sqlassist:([0-9a-f]+):([0-9a-f]+):(\d+-\d+):([\w.-]+)$/

export const PREFIX = 'sqlassist:'

export const gidOf = ({ home, id, backend, engine }: Gid): string => `${PREFIX}${home}:${id}:${backend}:${engine}`

/** @returns undefined for what somebody else has made */
export function parseGid(text: string): Gid | undefined {
  const [, home, id, backend, engine] = PATTERN.exec(text) ?? []
  return home === undefined ? undefined : { home, id: id!, backend: backend!, engine: engine! }
}
