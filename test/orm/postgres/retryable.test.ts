// Which errors mean: do the whole work again.
import { IsolationLevel } from '@mikro-orm/core'
import { isRetryable } from 'fastify-sqlassist/orm'
import t from 'tap'
import { gate, postgres } from '../sessions/fixtures/engines.ts'
import { Author } from '../sessions/fixtures/library.ts'
import { lab, outcomeOf } from './fixtures/pool.ts'

const url = (await postgres(t)).config().clientUrl!

t.test('a serialization failure, also one that comes at the commit', async (t) => {
  const it = await lab(t, url)
  await using first = it.open()
  await using second = it.open()
  const sessions = [first, second]
  const read = sessions.map(() => gate())
  const errors = await Promise.all(
    sessions.map(async ({ writer }, index) => {
      return await outcomeOf(
        writer.transactional(async () => {
          await writer.count(Author)
          read[index]!.open()
          await read[1 - index]!.opened
          await writer.insert(Author, { name: `author ${index}` })
        }, { isolationLevel: IsolationLevel.SERIALIZABLE }),
      )
    }),
  )
  const failed = errors.filter((error) => error.message !== 'there was no error')
  t.equal(failed.length, 1, 'one of the two')
  t.ok(isRetryable(failed[0]))
  t.ok(isRetryable(new Error('in the words of the application', { cause: failed[0] })))
})

t.test('a deadlock', async (t) => {
  const it = await lab(t, url)
  await using setup = it.open()
  const ids = [await setup.writer.insert(Author, { name: 'Ada' }), await setup.writer.insert(Author, { name: 'Bob' })] as number[]
  const held = ids.map(() => gate())
  const errors = await Promise.all(
    ids.map(async (id, index) => {
      await using session = it.open()
      return await outcomeOf(
        session.writer.transactional(async (em) => {
          await em.nativeUpdate(Author, { id }, { name: 'mine' })
          held[index]!.open()
          await held[1 - index]!.opened
          await em.nativeUpdate(Author, { id: ids[1 - index]! }, { name: 'mine too' })
        }),
      )
    }),
  )
  const failed = errors.filter((error) => error.message !== 'there was no error')
  t.equal(failed.length, 1)
  t.ok(isRetryable(failed[0]))
})

t.test('nothing else', async (t) => {
  const it = await lab(t, url)
  await using session = it.open()
  t.notOk(isRetryable(await outcomeOf(session.writer.execute('select 1/0'))))
  for (const other of [undefined, null, 'text', new Error('x'), { code: '40001' }]) t.notOk(isRetryable(other))
})
