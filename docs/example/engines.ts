import { join } from 'node:path'
import { defineConfig } from '@mikro-orm/sqlite'
import { defineEngines, type EnginesOf } from 'fastify-sqlassist'
import { AuditLine } from './entities/audit-line.ts'
import { Group, Member } from './entities/group.ts'

/**
 * The three databases of the service, as SQLite files in a folder. `writer` and `reader` share one file, which `reader` cannot change;
 * `logger` has its own, so that a line can be written while `writer` is in a transaction.
 */
export function enginesIn(folder: string) {
  const groups = { dbName: join(folder, 'groups.sqlite'), entities: [Group, Member] }
  return defineEngines({
    reader: { config: defineConfig(groups), readonly: true },
    writer: { config: defineConfig(groups), default: true },
    logger: { config: defineConfig({ dbName: join(folder, 'audit.sqlite'), entities: [AuditLine] }), autocommit: true },
  })
}

declare module 'fastify-sqlassist' {
  // oxlint-disable-next-line typescript/no-empty-object-type -- the types of request.dbSession
  interface SqlAssistEngines extends EnginesOf<ReturnType<typeof enginesIn>> {}
}
