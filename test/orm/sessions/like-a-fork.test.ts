// A session is made without MikroORM's fork(), and must be what that would have made of the engine's global EntityManager.
import t from 'tap'
import { EntityManager, FlushMode, type ForkOptions } from '@mikro-orm/core'
import { createSqlAssist, type EngineOptions } from 'fastify-sqlassist/orm'
import { forkIsKnown, readsLikeKnown } from '../../../orm/sessions/fork-known.ts'
import { sqliteFile } from '../../support/databases.ts'
import { Book, onSqlite, Shelf } from '../engines/library.ts'

type Options = Pick<ForkOptions, 'flushMode' | 'schema' | 'loggerContext' | 'disableTransactions'>

/** What can be seen of an EntityManager that was set on it, or on the one that it comes from. */
async function seen(em: EntityManager, executed: () => readonly string[]): Promise<Record<string, unknown>> {
  const { signal, inflightQueryAbortStrategy } = em as unknown as { signal?: AbortSignal; inflightQueryAbortStrategy?: string }
  const before = executed().length
  em.create(Shelf, { label: 'unflushed' })
  const books = await em.find(Book, { title: { $ne: 'nobody' } })
  const flushed = executed().slice(before).some((sql) => sql.includes('insert into `shelf`'))
  await em.flush()
  const began = executed().slice(before).some((sql) => sql.includes('begin'))
  const sql = executed().slice(before).filter((each) => each.includes('from')).map((each) => each.replace(/\[took .*|^\[query\] /g, ''))
  return {
    titles: books.map(({ title }) => title), sql, flushed, began, signal, inflightQueryAbortStrategy, schema: em.schema, loggerContext: em.getLoggerContext(), parameters: em.getFilterParams('titled'),
    sessionContext: em.getSessionContext(), driver: em.config.getDriver(), events: em.getEventManager(), metadata: em.getMetadata(), name: em.name, global: em.global, context: em.getContext() === em, managed: em.getUnitOfWork().getIdentityMap().values().length > 0,
  }
}

const CASES: Record<string, { options?: Options; config?: object; set?: (em: EntityManager) => void }> = {
  'nothing': {},
  'filters': { set: (em) => em.addFilter({ name: 'notOdes', cond: { title: { $ne: 'Odes' } }, entity: Book }) },
  'filter parameters': { set: (em) => em.setFilterParams('titled', { title: 'Emma' }) },
  'filters of the configuration': { config: { filters: { onlyOdes: { name: 'onlyOdes', cond: { title: 'Odes' }, entity: ['Book'], default: true } } } },
  'a flush mode': { set: (em) => em.setFlushMode(FlushMode.ALWAYS) },
  'another flush mode': { set: (em) => em.setFlushMode(FlushMode.COMMIT), options: { flushMode: FlushMode.ALWAYS } },
  'a flush mode of its own': { options: { flushMode: FlushMode.ALWAYS } },
  'a schema': { set: (em) => (em.schema = 'main') },
  'a schema of its own': { options: { schema: 'main' } },
  'a logger context': { set: (em) => em.setLoggerContext({ label: 'all', nested: { a: 1 } }) },
  'a logger context of its own': { set: (em) => em.setLoggerContext({ label: 'all', nested: { a: 1 } }), options: { loggerContext: { nested: { b: 2 } } } },
  'a signal': { set: (em) => Object.assign(em, { signal: new AbortController().signal, inflightQueryAbortStrategy: 'ignore query' }) },
  'no transactions': { options: { disableTransactions: true } },
  'no transactions anywhere': { config: { disableTransactions: true } },
}

for (const [what, { options, config, set }] of Object.entries(CASES)) {
  t.test(what, async (t) => {
    const engine: EngineOptions = { config: onSqlite(sqliteFile(t), { allowGlobalContext: true, debug: ['query'], logger: (line: string) => lines.push(line), colors: false, ...config } as never), ...(options && { fork: options }) }
    const lines: string[] = []
    await using sqlassist = await createSqlAssist({ engines: { writer: engine } })
    const { orm } = sqlassist.engine('writer')
    await orm.schema.create()
    await orm.em.fork().insertMany(Book, [{ title: 'Odes', lent: false }, { title: 'Emma', lent: false }] as never)
    // Also while there are sessions already: what is set is for those that come.
    await using first = sqlassist.session()
    await first.writer.count(Book)
    set?.(orm.em)
    const byHand = await seen(orm.em.fork(options), () => lines)
    await using session = sqlassist.session()
    const bySession = await seen(session.writer, () => lines)
    const { sql, ...rest } = bySession
    const { sql: sqlByHand, ...restByHand } = byHand
    t.same(sql, sqlByHand)
    t.ok((sql as string[]).length > 0)
    for (const [name, value] of Object.entries(rest)) {
      if (typeof value === 'object' && value !== null && !Array.isArray(value) && name !== 'loggerContext' && name !== 'parameters') t.equal(value, restByHand[name], name)
      else t.same(value, restByHand[name], name)
    }
    t.not(bySession['loggerContext'], orm.em.getLoggerContext(), 'a copy')
  })
}

t.test('an EntityManager class of the application, with a fork() of its own', async (t) => {
  const { SqlEntityManager } = await import('@mikro-orm/sql')
  let forks = 0
  class Counting extends SqlEntityManager {
    override fork(options?: ForkOptions): this {
      forks++
      return super.fork(options)
    }
  }
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onSqlite(sqliteFile(t), { entityManager: Counting } as never) } } })
  await using session = sqlassist.session()
  forks = 0
  t.ok(session.writer instanceof Counting)
  t.equal(forks, 1, 'is asked for sessions')
})

t.test('somebody who watches fork() sees the sessions', async (t) => {
  await using sqlassist = await createSqlAssist({ engines: { writer: { config: onSqlite(sqliteFile(t)) } } })
  const { em } = sqlassist.engine('writer').orm
  {
    await using before = sqlassist.session()
    t.ok(before.writer)
  }
  const fork = em.fork.bind(em)
  let watched = 0
  em.fork = (options) => {
    watched++
    return fork(options)
  }
  await using session = sqlassist.session()
  t.ok(session.writer)
  t.equal(watched, 1)
})

t.test('fork() of the installed MikroORM is one that we know', async (t) => {
  t.equal(forkIsKnown(), true)
  t.equal(readsLikeKnown(EntityManager), true)
  class CopiesMore extends EntityManager {
    override fork(): this {
      const fork = super.fork()
      Object.assign(fork, { more: (this as { more?: unknown }).more })
      return fork
    }
  }
  t.equal(readsLikeKnown(CopiesMore), false, 'and another one is not')
})
