// A service whose requests are transactions, on a database that says no only at COMMIT, and takes its time to say so.
import type { AddressInfo } from 'node:net'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import Fastify from 'fastify'
import sqlassist, { type Session } from 'fastify-sqlassist'
import type { Database } from '../database.ts'
import { Line } from '../line.ts'

const POOL_MAX = 8

/** Runs at COMMIT: a `saved` line takes some milliseconds, in which its backend can be killed; a `refused` one is not let in. */
const LATE = `create function late() returns trigger language plpgsql as $$ begin
    perform pg_sleep(0.004);
    if exists (select from line where text = 'refused ' || new.text) then raise exception 'refused at COMMIT' using errcode = '23514'; end if;
    return null;
  end $$;
  create constraint trigger late after insert on line deferrable initially deferred for each row when (new.text like 'saved %') execute function late()`

export interface CommitService {
  readonly origin: string
  stats(): { readonly total: number; readonly idle: number; readonly waiting: number }
  close(): Promise<void>
}

/** @param url - how the service reaches the database, perhaps not directly */
export async function startService(database: Database, url: string): Promise<CommitService> {
  const app = Fastify()
  const config = defineConfig({ clientUrl: url, entities: [Line], pool: { max: POOL_MAX } })
  await app.register(sqlassist, { engines: { writer: { config } }, transaction: 'request' })
  await app.sqlassist.engine('writer').orm.schema.create()
  await database.query(LATE)
  app.post<{ Querystring: { text: string; fails: string } }>('/', async (request) => {
    const writer = request.dbSession.get('writer') as unknown as Session<EntityManager>
    const { text, fails } = request.query
    if (fails === 'yes') await writer.insert(Line, { text: `refused ${text}` })
    writer.create(Line, { text } as Line)
    return { text }
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    origin: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    stats: () => app.sqlassist.stats()['writer']!.pool!,
    close: async () => await app.close(),
  }
}
