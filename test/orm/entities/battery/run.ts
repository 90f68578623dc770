// Runs the scenarios: on one MikroORM alone, on several plain ones that share classes, and on the engines of a SqlAssist.
import { inspect, isDeepStrictEqual } from 'node:util'
import { type EntityManager, MikroORM, type Options } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import type { Databases, Kind } from './databases.ts'
import { type Model, type Scenario, scenarios } from './scenarios/index.ts'
import { seed } from './seed.ts'
import { Statements } from './statements.ts'

/** What a scenario came to: what it returned or how it failed, and what it sent. */
export interface Outcome {
  readonly result: string
  readonly statements: readonly string[]
  readonly failed: boolean
}

/** Outcomes by scenario. */
export type Outcomes = ReadonlyMap<string, Outcome>

/** One database of a combination, in the order in which they are set up. */
export interface Member {
  readonly kind: Kind
  /** Entities beyond those that all members share: two members that differ in them cannot share metadata. */
  readonly extra?: 'AuditLine' | 'Visit'
}

const ENGINES = ['reader', 'writer', 'logger'] as const

let copies = 0

/** The model's classes, made afresh: what happens to those of one combination cannot reach the next. */
async function freshModel(): Promise<Model> {
  return (await import(`./model.ts?copy=${++copies}`)) as Model
}

interface Prepared {
  readonly options: Options
  readonly statements: Statements
}

async function prepare(members: readonly Member[], databases: Databases): Promise<{ model: Model; prepared: Prepared[] }> {
  const model = await freshModel()
  const used: Record<Kind, number> = { PostgreSQL: 0, SQLite: 0 }
  const prepared = members.map(({ kind, extra }) => {
    const statements = new Statements()
    const entities = extra === undefined ? model.entities : [...model.entities, model[extra]]
    const database = databases[kind][used[kind]++]!
    return { options: { ...database, entities, loggerFactory: statements.loggerFactory, colors: false } as unknown as Options, statements }
  })
  return { model, prepared }
}

/** The schema of every database, made once and without what is tested. */
export async function makeSchemas(databases: Databases): Promise<void> {
  for (const kind of ['PostgreSQL', 'SQLite'] as const) {
    for (const database of databases[kind]) {
      const model = await freshModel()
      const orm = await MikroORM.init({ ...database, entities: model.entities })
      await (orm as unknown as { schema: { create(): Promise<void> } }).schema.create()
      await orm.close()
    }
  }
}

/** What should be: one MikroORM, and classes that nothing else knows. */
export async function runAlone(kind: Kind, databases: Databases): Promise<Outcomes> {
  const [outcomes] = await runPlain([{ kind }], databases)
  return outcomes!
}

/** Plain MikroORM instances that share the model's classes; without this library. One set of outcomes for each. */
export async function runPlain(members: readonly Member[], databases: Databases): Promise<Outcomes[]> {
  const { model, prepared } = await prepare(members, databases)
  const orms: MikroORM[] = []
  for (const { options } of prepared) orms.push(await MikroORM.init(options))
  try {
    return await runAll(model, prepared.map(({ statements }, index) => ({ statements, root: orms[index]!.em, session: async (use) => await use(orms[index]!.em.fork()) })))
  } finally {
    await Promise.all(orms.map(async (orm) => await orm.close(true)))
  }
}

/** The same on the engines reader, writer and logger. */
export async function runSqlAssist(members: readonly Member[], databases: Databases): Promise<Outcomes[]> {
  const { model, prepared } = await prepare(members, databases)
  await using sqlassist = await createSqlAssist({ engines: prepared.map(({ options }, index) => [ENGINES[index]!, { config: options }] as const) })
  return await runAll(model, prepared.map(({ statements }, index) => ({
    statements,
    root: sqlassist.engine(ENGINES[index] as never).orm.em,
    session: async (use) => {
      await using container = sqlassist.session()
      return await use(container.get(ENGINES[index] as never))
    },
  })))
}

/** Where scenarios run: a database, and how a session on it is had. */
interface Place {
  readonly root: EntityManager
  readonly statements: Statements
  session<T>(use: (em: EntityManager) => Promise<T>): Promise<T>
}

/** All places at once, so that each scenario is interleaved with itself on the other databases. */
async function runAll(model: Model, places: readonly Place[]): Promise<Outcomes[]> {
  const outcomes = places.map(() => new Map<string, Outcome>())
  for (const [name, scenario] of Object.entries(scenarios)) {
    await Promise.all(places.map(async (place, index) => outcomes[index]!.set(name, await runScenario(scenario, model, place))))
  }
  return outcomes
}

async function runScenario(scenario: Scenario, model: Model, { root, statements, session }: Place): Promise<Outcome> {
  await seed(root as SqlEntityManager)
  statements.take()
  let failed = false
  const result = await session(async (em) => await scenario(em as SqlEntityManager, model)).catch((error: Error) => {
    failed = true
    return `${error.name}: ${error.message}`
  })
  return { result: inspect(result, { depth: 10, sorted: true }), statements: statements.take(), failed }
}

/** The scenarios whose statements or results are not what they should be. */
export function differing(should: Outcomes, is: Outcomes): string[] {
  return [...should].filter(([name, outcome]) => !isDeepStrictEqual(outcome, is.get(name))).map(([name]) => name)
}
