// Everything on each database: what does not work is refused with a code, and docs/compatibility.md says which.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { errorCodes } from '../../orm/errors.ts'
import { FULL } from '../support/size.ts'
import { root } from '../docs/support/program.ts'
import type { Feature } from './feature.ts'
import { clusters } from './features/cluster.ts'
import { deadlocks } from './features/deadlocks.ts'
import { options } from './features/options.ts'
import { servers } from './features/servers.ts'
import { sessions } from './features/sessions.ts'
import { transactions } from './features/transactions.ts'
import type { Place } from './place.ts'
import { columns } from './places.ts'
import { Table } from './table.ts'

const features: readonly Feature[] = [...sessions, ...transactions, ...options, ...servers, ...deadlocks, ...clusters]
const PAGE = join(root, 'docs/compatibility.md')
const NOTHING_THERE = '-'

async function outcomeOf(feature: Feature, place: Place): Promise<string> {
  if (feature.needsServer === true && place.server === undefined) return NOTHING_THERE
  await place.run('delete from note')
  try {
    await feature.run(place)
    return 'works'
  } catch (error) {
    const { code = '' } = error as { code?: string }
    if (errorCodes.has(code)) return code
    throw error
  }
}

/** The column, tried out. */
async function tried(t: Test, place: Place): Promise<ReadonlyMap<string, string>> {
  const outcomes = new Map<string, string>()
  for (const feature of features) {
    if (feature.slow === true && !FULL && place.server !== undefined && place.name !== 'direct') continue
    await t.test(feature.title, async (t) => {
      const outcome = await outcomeOf(feature, place)
      t.pass(outcome)
      outcomes.set(feature.title, outcome)
    })
  }
  return outcomes
}

const table = new Table(readFileSync(PAGE, 'utf8'), features.map(({ title }) => title), columns.map(({ title }) => title))

/** They take seconds to start, each: all at once. */
const opening = new Map(columns.filter(({ missing }) => missing === undefined).map(({ title, open }) => [title, open(t)]))
for (const place of opening.values()) place.catch(() => {}) // it is reported where it is waited for

for (const { title, missing } of columns) {
  t.test(title, missing === undefined ? {} : { skip: missing }, async (t) => {
    const outcomes = await tried(t, await opening.get(title)!)
    if (process.env['UPDATE_DOCS'] === undefined) t.strictSame(Object.fromEntries(outcomes), table.column(title, outcomes), 'as docs/compatibility.md says')
    table.fill(title, outcomes)
  })
}

t.test('the table of docs/compatibility.md', async (t) => {
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(PAGE, table.page)
  t.equal(readFileSync(PAGE, 'utf8'), table.page, 'has these features and these databases: UPDATE_DOCS=1 writes it')
})
