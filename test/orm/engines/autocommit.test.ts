// An autocommit engine: each flush is durable by itself, and nothing undoes it.
import t from 'tap'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { Book, errorOf, onPostgres, onSqlite, Shelf } from './library.ts'

const databases = {
  postgresql: async () => {
    const url = await postgresDatabase(t)
    return { writer: { config: onPostgres(url) }, logger: { config: onPostgres(url), autocommit: true } } as const
  },
  sqlite: async () => {
    return { writer: { config: onSqlite(sqliteFile(t)) }, logger: { config: onSqlite(sqliteFile(t, 'log.sqlite')), autocommit: true } } as const
  },
}

for (const [database, engines] of Object.entries(databases)) {
  t.test(`autocommit on ${database}`, async (t) => {
    await using sqlassist = await createSqlAssist({ engines: await engines() })
    await sqlassist.engine('writer').orm.schema.update()
    await sqlassist.engine('logger').orm.schema.update()
    const logged = async (label: string): Promise<number> => {
      await using session = sqlassist.session()
      return await session.logger.count(Shelf, { label })
    }

    await t.test('transactions are refused', async (t) => {
      await using session = sqlassist.session()
      for (const attempt of [
        async () => await session.logger.begin(),
        async () => await session.logger.transactional(async (em) => await em.count(Shelf)),
        async () => await session.logger.fork().begin(),
        async () => await session.logger.fork().transactional(async (em) => await em.count(Shelf)),
      ]) {
        const error = await errorOf(attempt)
        t.equal(error.code, 'SQLASSIST_AUTOCOMMIT_ENGINE')
        t.match(error.message, /^Engine 'logger' is autocommit: each flush is durable by itself, so (?:begin|transactional)\(\) is refused/)
      }
      t.equal(session.logger.isInTransaction(), false)
      t.equal(await session.logger.count(Shelf), 0, 'the session works on')
    })

    await t.test('an abort undoes what the writer did, and not the line about it', async (t) => {
      const session = sqlassist.session()
      await session.writer.begin()
      session.writer.create(Shelf, { label: 'undone' })
      await session.writer.flush()
      session.logger.create(Shelf, { label: 'tried' })
      await session.logger.flush()
      await session.close({ aborted: true })
      await using later = sqlassist.session()
      t.equal(await later.writer.count(Shelf, { label: 'undone' }), 0)
      t.equal(await logged('tried'), 1)
    })

    await t.test('inside a transaction of the writer that fails', async (t) => {
      await using session = sqlassist.session()
      const error = await errorOf(async () => {
        await session.writer.transactional(async () => {
          session.writer.create(Shelf, { label: 'undone' })
          await session.logger.persistAndFlush(session.logger.create(Shelf, { label: 'tried inside' }))
          throw new Error('something else failed')
        })
      })
      t.equal(error.message, 'something else failed')
      t.equal(await session.writer.count(Shelf, { label: 'undone' }), 0)
      t.equal(await logged('tried inside'), 1)
    })

    await t.test('one flush is atomic', async (t) => {
      await using session = sqlassist.session()
      session.logger.create(Shelf, { label: 'half', id: 4711 })
      await session.logger.flush()
      await using another = sqlassist.session()
      another.logger.create(Book, { title: 'fits', lent: false })
      another.logger.create(Shelf, { label: 'does not fit', id: 4711 })
      t.match(await errorOf(async () => await another.logger.flush()), { name: 'UniqueConstraintViolationException' })
      t.equal(await session.logger.count(Book), 0)
    })

    await t.test('what was not flushed is not written', async (t) => {
      const session = sqlassist.session()
      session.logger.create(Shelf, { label: 'forgotten' })
      await session.close()
      t.equal(await logged('forgotten'), 0)
    })
  })
}
