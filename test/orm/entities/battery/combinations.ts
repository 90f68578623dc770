// Which databases stand side by side in the battery, in the order in which they are set up.
import type { Member } from './run.ts'

export interface Combination {
  /** The heading of its column in docs/shared-entities.md. */
  readonly name: string
  readonly members: readonly Member[]
}

const postgres: Member = { kind: 'PostgreSQL' }
const sqlite: Member = { kind: 'SQLite' }

/** Each on the engines reader, writer and logger, in this order. */
export const combinations: readonly Combination[] = [
  { name: 'PostgreSQL × 3', members: [postgres, postgres, postgres] },
  { name: 'SQLite × 3', members: [sqlite, sqlite, sqlite] },
  { name: 'PostgreSQL × 2, then SQLite', members: [postgres, postgres, sqlite] },
  { name: 'SQLite × 2, then PostgreSQL', members: [sqlite, sqlite, postgres] },
  { name: 'PostgreSQL × 3, three discoveries', members: [postgres, { kind: 'PostgreSQL', extra: 'AuditLine' }, { kind: 'PostgreSQL', extra: 'Visit' }] },
  { name: 'SQLite × 3, three discoveries', members: [sqlite, { kind: 'SQLite', extra: 'AuditLine' }, { kind: 'SQLite', extra: 'Visit' }] },
]

/** Each on two plain MikroORM instances: what happens without this library. */
export const plainCombinations: readonly Combination[] = [
  { name: 'PostgreSQL × 2', members: [postgres, postgres] },
  { name: 'SQLite × 2', members: [sqlite, sqlite] },
  { name: 'PostgreSQL, then SQLite', members: [postgres, sqlite] },
  { name: 'SQLite, then PostgreSQL', members: [sqlite, postgres] },
]
