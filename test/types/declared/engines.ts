// The engines of an application, declared for the types of the whole program: this folder is a program of its own.
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig as definePostgres } from '@mikro-orm/postgresql'
import { defineConfig as defineSqlite } from '@mikro-orm/sqlite'
import { defineEngines, type EnginesOf } from 'fastify-sqlassist'

export const Invoice = defineEntity({ name: 'Invoice', properties: { id: p.integer().primary(), total: p.integer() } })

export const engines = defineEngines({
  ledger: { config: definePostgres({ clientUrl: 'postgresql://127.0.0.1/ledger', entities: [Invoice] }), default: true },
  mirror: { config: definePostgres({ clientUrl: 'postgresql://127.0.0.1/mirror', entities: [Invoice] }), readonly: true },
  journal: { config: defineSqlite({ dbName: 'journal.sqlite', entities: [Invoice] }), autocommit: true },
})

declare module 'fastify-sqlassist' {
  // oxlint-disable-next-line typescript/no-empty-object-type -- the types of request.dbSession
  interface SqlAssistEngines extends EnginesOf<typeof engines> {}
}
