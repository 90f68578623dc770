// Classes that several engines register behave as on a single MikroORM: the same statements, the same results.
import t from 'tap'
import { combinations, plainCombinations } from './battery/combinations.ts'
import { type Kind, makeDatabases } from './battery/databases.ts'
import { differing, makeSchemas, type Member, type Outcomes, runAlone, runPlain, runSqlAssist } from './battery/run.ts'
import { scenarios } from './battery/scenarios/index.ts'
import { FULL } from '../../support/size.ts'
import { type Column, committedTable, tableOf } from './battery/table.ts'

t.setTimeout(300_000)
const databases = await makeDatabases(t)
await makeSchemas(databases)
const alone: Record<Kind, Outcomes> = { PostgreSQL: await runAlone('PostgreSQL', databases), SQLite: await runAlone('SQLite', databases) }
const names = Object.keys(scenarios)
const ours: Column[] = []
const plain: Column[] = []

t.test('every scenario does something on a single MikroORM, and succeeds', async (t) => {
  t.ok(names.length >= 20)
  for (const outcomes of Object.values(alone)) {
    for (const name of names) {
      const { result, statements, failed } = outcomes.get(name)!
      t.notOk(failed, `${name}: ${result}`)
      t.ok(statements.length > 0, `${name} sends statements`)
    }
  }
})

t.test('a single MikroORM does the same twice, so that a difference means something', async (t) => {
  for (const kind of ['PostgreSQL', 'SQLite'] as const) t.strictSame(differing(alone[kind], await runAlone(kind, databases)), [])
})

/** At part of the size not all databases stand side by side. */
const [tried, triedPlain] = FULL ? [combinations, plainCombinations] : [combinations.slice(2, 3), plainCombinations.slice(2, 3)]

for (const { name, members } of tried) {
  t.test(`reader, writer and logger on ${name}`, async (t) => {
    const outcomes = await runSqlAssist(members, databases)
    for (const [index, { kind }] of members.entries()) {
      for (const scenario of names) t.strictSame(outcomes[index]!.get(scenario), alone[kind].get(scenario), `${scenario}, on the engine that is number ${index + 1}`)
    }
    ours.push({ name, differing: differingOf(members, outcomes) })
  })
}

for (const { name, members } of triedPlain) {
  t.test(`plain MikroORM instances on ${name}: the bug that is cured`, async (t) => {
    const outcomes = await runPlain(members, databases)
    const found = differingOf(members, outcomes)
    t.ok(found.has('lazy load of a 1:1 after a flush'), 'a relation that was never loaded counts as loaded')
    t.ok(found.has('find, then flush twice'), 'a flush with no changes writes')
    t.strictSame(differing(alone[members.at(-1)!.kind], outcomes.at(-1)!), [], 'the instance that was initialised last is right')
    plain.push({ name, differing: found })
  })
}

t.test('the table in docs/shared-entities.md is what this run has found', { skip: FULL ? false : 'only with TEST_FULL=1, which tries all of its columns' }, async (t) => {
  const table = tableOf(names, [
    { title: 'Engines of fastify-sqlassist', columns: ours },
    { title: 'Plain MikroORM instances', columns: plain },
  ])
  t.equal(committedTable(table), table, 'run this file with UPDATE_DOCS=1 to write it anew')
})

function differingOf(members: readonly Member[], outcomes: readonly Outcomes[]): Set<string> {
  return new Set(members.flatMap(({ kind }, index) => differing(alone[kind], outcomes[index]!)))
}
