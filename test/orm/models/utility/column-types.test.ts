// Columns of every type as ids, as places of a page and as texts.
import { defineEntity, p } from '@mikro-orm/core'
import { UtilityObject } from 'fastify-sqlassist/orm'
import t from 'tap'
import { onEachDatabase } from './support/databases.ts'
import { Backwards } from '../../../support/backwards.ts'

class Sample extends UtilityObject {
  id!: number
  day?: string | null
  time?: string | null
  at?: Date | null
  fine?: Date | null
  hash?: Buffer | null
  bytes?: Uint8Array | null
  flag?: boolean | null
  kind?: 'round' | 'square' | null
  ratio?: number | null
  small?: number | null
  single?: number | null
  secret?: string | null
  labels?: string[] | null
  partly?: string | null
  expressed?: string | null
  listed?: string | null
  data?: object | null
}

const SampleSchema = defineEntity({
  class: Sample,
  tableName: 'samples',
  properties: {
    id: p.integer().primary(),
    day: p.date().nullable().unique(),
    time: p.time().nullable().unique(),
    at: p.datetime(3).nullable().unique(),
    fine: p.datetime(6).nullable().unique(),
    hash: p.blob().nullable().unique(),
    bytes: p.uint8array().nullable().unique(),
    flag: p.boolean().nullable().unique(),
    kind: p.enum(['round', 'square']).nullable().unique(),
    ratio: p.double().nullable().unique(),
    small: p.smallint().nullable().unique(),
    single: p.float().nullable().unique(),
    secret: p.type(Backwards).nullable().unique(),
    labels: p.array().nullable().unique(),
    partly: p.string().nullable(),
    expressed: p.string().nullable(),
    listed: p.string().nullable(),
    data: p.json().nullable().unique(),
  },
  uniques: [{ properties: ['listed'] }, { properties: ['partly'], where: { id: { $gt: 0 } } }, { properties: ['partly', 'listed'] }],
})

const SAMPLE = {
  day: '2020-02-29', time: '12:34:56', at: new Date('2020-02-29T12:34:56.789Z'), fine: new Date('2020-02-29T12:34:56.789Z'), hash: Buffer.from([0, 1, 255]),
  bytes: Uint8Array.from([9, 8]), flag: true, kind: 'round', ratio: 0.1, small: -32_768, secret: 'word', listed: 'x',
} as const

/** Values that no row of the column can have. */
const REFUSED: Partial<Record<keyof Sample, readonly unknown[]>> = {
  day: ['2021-02-29', '2020-13-01', '0000-01-01', '20-1-1', '2020-02-29T00:00:00Z', '', 'today', new Date(), 0],
  time: ['24:00:00', '12:60', '12', '', 'now', 0],
  at: [new Date(Number.NaN), new Date(8.64e15), new Date(-8.64e15), '2020-02-29', 0, ''],
  hash: ['\\x00', 'X', [0, 1], { type: 'Buffer', data: [0] }, 0],
  bytes: ['', [9, 8], {}],
  flag: [0, 1, 'true', ''],
  kind: ['oval', '', 0, ['round'], 'ROUND'],
  ratio: [Number.NaN, Infinity, '0.1', 1n],
  small: [0.5, 2 ** 53, '1'],
}

onEachDatabase(t, 'a row is found by a unique column of any type that has plain values', [SampleSchema], async (t, { database, writer, reader }) => {
  await writer.insert(Sample, { id: 1, ...SAMPLE })
  await writer.insert(Sample, { id: 2, day: '2020-01-01', at: new Date(0), hash: Buffer.from('other'), flag: false, kind: 'square', small: 5 })
  for (const [column, value] of Object.entries(SAMPLE)) {
    const found = await Sample.getById(reader.fork(), value as never, column as 'day')
    t.equal(found?.id, 1, column)
    if (found === null) continue
    t.strictSame((await Sample.getByIds(reader.fork(), [value, value] as never[], column as 'day')).map(({ id }) => id), [1], `${column}, of several`)
  }
  for (const [column, values] of Object.entries(REFUSED)) {
    for (const value of [...values, null, undefined, { $ne: null }]) {
      await t.rejects(Sample.getById(reader, value as never, column as 'day'), { code: 'SQLASSIST_ARGUMENT_INVALID' }, `${column}: ${String(value)}`)
    }
  }
  if (database === 'postgresql') await t.rejects(Sample.getById(reader, 32_768, 'small'), { code: 'SQLASSIST_ARGUMENT_INVALID' }, 'which the type has no room for')
  else t.equal(await Sample.getById(reader, 32_768, 'small'), null)
  for (const column of ['labels', 'data', 'partly', 'expressed'] as const) {
    await t.rejects(Sample.getById(reader, 'x' as never, column as 'day'), { code: /SQLASSIST_COLUMN_UNSUITABLE/ }, column)
  }
})

onEachDatabase(t, 'text is what the database has a lower case of', [SampleSchema], async (t, { writer, reader }) => {
  await writer.insert(Sample, { id: 1, ...SAMPLE })
  t.equal((await Sample.getByColumnLower(reader, 'kind', 'ROUND'))?.id, 1)
  for (const column of ['day', 'time', 'secret'] as const) await t.rejects(Sample.getByColumnLower(reader, column, 'x'), { code: 'SQLASSIST_COLUMN_UNSUITABLE' }, column)
  for (const column of ['labels', 'data', 'hash', 'flag', 'at'] as const) {
    await t.rejects(Sample.getByColumnSimilar(reader, column as never, 'x'), { code: 'SQLASSIST_COLUMN_UNSUITABLE' }, column)
  }
})

onEachDatabase(t, 'pages go by columns whose values are exact', [SampleSchema], async (t, { database, writer, reader }) => {
  await writer.insertMany(Sample, [
    { id: 1, ...SAMPLE },
    { id: 2, day: '2020-01-01', time: '00:00:00', at: new Date(0), fine: new Date(1), hash: Buffer.from([200]), bytes: Uint8Array.from([1]), flag: false, kind: 'square', ratio: -2.5e-7, small: 5, secret: 'a' },
    { id: 3 },
  ])
  for (const orderCol of ['day', 'time', 'at', 'hash', 'bytes', 'flag', 'kind', 'ratio', 'small'] as (keyof typeof SAMPLE)[]) {
    const expected = (await Sample.getRange(reader, { orderCol: orderCol as 'day' })).map(({ id }) => id)
    const seen: number[] = []
    let after: string | undefined
    for (let pages = 0; pages < 5; pages++) {
      const page = await Sample.getPage(reader.fork(), { orderCol: orderCol as 'day', first: 1, after })
      seen.push(...page.items.map(({ id }) => id))
      if (!page.hasNext) break
      after = page.endCursor!
    }
    t.strictSame(seen, expected, orderCol)
  }
  const rounded = database === 'postgresql' ? (['fine', 'single'] as const) : []
  for (const orderCol of rounded) await t.rejects(Sample.getPage(reader, { orderCol }), { code: 'SQLASSIST_COLUMN_UNSUITABLE', message: /finer than its value/ })
  if (database === 'sqlite') t.equal((await Sample.getPage(reader, { orderCol: ['fine', 'single'] })).items.length, 3)
})
