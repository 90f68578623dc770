import pg from 'pg'
import { startPostgres, stopPostgres } from '../../test/support/postgres-server.ts'

/** How many rows there are to be read. */
export const BOOKS = 1000

/** A database with a table to read from. */
export interface Books {
  readonly url: string
  remove(): Promise<void>
}

export async function makeBooks(): Promise<Books> {
  const given = process.env['DATABASE_URL']
  const own = given === undefined ? await startPostgres() : undefined
  const server = own?.url ?? given!
  const name = `bench_${process.pid}`
  await run(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = name
  await run(url.href, 'create table book (id int primary key, title text not null, pages int not null, published date not null)')
  await run(url.href, `insert into book select n, 'Book ' || n, n % 500, date '2000-01-01' + n from generate_series(1, ${BOOKS}) n`)
  await run(url.href, 'vacuum analyze book')
  return {
    url: url.href,
    async remove() {
      await run(server, `drop database ${name} with (force)`)
      if (own !== undefined) await stopPostgres(own)
    },
  }
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
