import assert from 'node:assert/strict'
import type { SqlAssist } from 'fastify-sqlassist/orm'
import { enginesOn, type Feature, writing } from '../feature.ts'
import { Note, type Place, type Sessions, type Writer } from '../place.ts'

const PEOPLE = ['Ada', 'Bea'] as const

/** By its key alone: MariaDB would lock what is beside a unique value as well. */
const lock = (id: number): string => `select id from note where id = ${id} for update`

/** Two who each lock a row and then want the other one's; the first time that they do they meet. */
function quarrel(db: SqlAssist, insist: (writer: Writer, who: string, other: string) => Promise<void>, options: object = {}): Promise<PromiseSettledResult<void>[]> {
  const arrived = PEOPLE.map(() => Promise.withResolvers<void>())
  return Promise.allSettled(PEOPLE.map(async (who, index) => await db.transaction(async (session) => {
    const { writer } = session as unknown as Sessions
    await writer!.execute(lock(index + 1))
    arrived[index]!.resolve()
    await Promise.all(arrived.map(async ({ promise }) => await promise))
    await insist(writer!, who, lock(2 - index))
  }, options)))
}

async function twoRows(place: Place): Promise<SqlAssist> {
  const db = await enginesOn(place)
  await writing(db, async (writer) => await writer.insertMany(Note, PEOPLE.map((text, index) => ({ id: index + 1, text }))))
  return db
}

export const deadlocks: readonly Feature[] = [
  {
    title: 'a deadlock: `retry` does the work of the one that has lost again',
    needsServer: true,
    async run(place) {
      await using db = await twoRows(place)
      const ends = await quarrel(db, async (writer, who, other) => {
        await writer.execute(other)
        await writer.persistAndFlush(new Note(`written by ${who}`))
      }, { retry: { attempts: 5 } })
      assert.deepEqual(ends.map(({ status }) => status), ['fulfilled', 'fulfilled'])
      assert.deepEqual((await place.notes()).filter((text) => text.startsWith('written')).toSorted(), ['written by Ada', 'written by Bea'])
    },
  },
  {
    title: 'a deadlock whose error is swallowed: nothing of the one that has lost is kept',
    needsServer: true,
    async run(place) {
      await using db = await twoRows(place)
      const ends = await quarrel(db, async (writer, who, other) => {
        await writer.execute(other).catch(() => {})
        await writer.execute(`insert into note (text) values ('written by ${who}')`).catch(() => {})
      })
      const winners = PEOPLE.filter((_, index) => ends[index]!.status === 'fulfilled')
      assert.equal(winners.length, 1)
      assert.deepEqual((await place.notes()).filter((text) => text.startsWith('written')), winners.map((who) => `written by ${who}`))
    },
  },
]
