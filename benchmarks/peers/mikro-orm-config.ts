// What an application that uses MikroORM by hand and one that uses this package have in common. Entities are made with defineEntity, because Node.js does not
// run decorators by itself; what MikroORM makes of both is the same.
import { defineEntity, type Options, p } from '@mikro-orm/core'
import { defineConfig as postgresql } from '@mikro-orm/postgresql'
import { defineConfig as sqlite } from '@mikro-orm/sqlite'
import type { Setting } from './peer.ts'

const columns = { id: p.integer().primary(), title: p.string(), pages: p.integer() }

export const makeEntities = () => {
  const BookSchema = defineEntity({ name: 'Book', properties: { ...columns, published: p.datetime() } })
  const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.text() } })
  return { BookSchema, NoteSchema }
}

/** The same without the date, which libraries keep in different ways in SQLite. */
export const makeSqliteEntities = () => {
  const BookSchema = defineEntity({ name: 'Book', properties: columns })
  return { ...makeEntities(), BookSchema: BookSchema as unknown as ReturnType<typeof makeEntities>['BookSchema'] }
}

export const entitiesFor = ({ database }: Setting): ReturnType<typeof makeEntities> => (database === 'sqlite' ? makeSqliteEntities() : makeEntities())

export function configOf({ database, url, pool }: Setting, entities: readonly unknown[]): Options {
  if (database === 'sqlite') return sqlite({ dbName: url, entities: entities as never }) as Options
  return postgresql({ clientUrl: url, entities: entities as never, pool: { min: 0, max: pool } }) as Options
}
