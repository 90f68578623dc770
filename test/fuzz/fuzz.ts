// Random calls of the helpers on both databases, each compared with what must come of it.
import { inspect } from 'node:util'
import { DefaultLogger, type EntityManager } from '@mikro-orm/core'
import { defineConfig as postgres } from '@mikro-orm/postgresql'
import { defineConfig as sqlite } from '@mikro-orm/sqlite'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { Random } from '../soak/random.ts'
import { type Call, Calls } from './calls.ts'
import { type Askable, Oracle, Person, uglyRows } from './people.ts'
import { isTemplateOf, withoutLengths } from './statements.ts'

/** What came of the calls on one database. */
export interface Report {
  readonly database: string
  readonly calls: number
  /** Calls that had to be refused, and were. */
  readonly refused: number
  readonly rows: number
  readonly statements: number
  /** Kinds of calls that differ in more than values. */
  readonly shapes: number
  /** Texts of statements without their values. */
  readonly templates: number
  readonly failures: readonly string[]
}

const ROWS = 120
const MOST_FAILURES = 10

interface Statement {
  readonly template: string
  readonly sent: string
}

/** Writes down every statement, as a template and as it was sent. */
class Recorder extends DefaultLogger {
  readonly statements: Statement[] = []

  override isEnabled(): boolean {
    return false // MikroORM gives the statement without its values then
  }

  override logQuery({ query, formatted }: { query: string; formatted?: string } & Parameters<DefaultLogger['logQuery']>[0]): void {
    this.statements.push({ template: query, sent: formatted ?? query })
  }
}

/** @param place - a PostgreSQL URL, or the path of a SQLite file */
export async function fuzz(place: string, calls: number, seed: number): Promise<Report> {
  const isPostgres = place.startsWith('postgres')
  let recorder: Recorder | undefined
  const shared = { entities: [Person], loggerFactory: (options: ConstructorParameters<typeof DefaultLogger>[0]) => (recorder = new Recorder(options)) }
  const config = isPostgres ? postgres({ ...shared, clientUrl: place }) : sqlite({ ...shared, dbName: place })
  await using db = await createSqlAssist({ engines: { writer: { config: config as never } } })
  await db.engine().orm.schema.create()
  await using session = db.session()
  const em = session.get('writer' as never) as Askable
  const random = new Random(seed)
  const rows = uglyRows(random, ROWS)
  await em.insertMany(Person, rows)
  const oracle = await Oracle.ask(em, rows)
  const made = new Calls(random, oracle, isPostgres ? 2 ** 31 : 2 ** 53)
  return await compare(isPostgres ? 'PostgreSQL' : 'SQLite', em, made, calls, recorder!.statements)
}

async function compare(database: string, em: EntityManager, made: Calls, calls: number, statements: Statement[]): Promise<Report> {
  const shapes = new Map<string, string[]>()
  const templates = new Set<string>()
  const failures: string[] = []
  let refused = 0
  let rows = 0
  let total = 0
  for (let number = 1; number <= calls && failures.length < MOST_FAILURES; number++) {
    const call = made.next()
    statements.length = 0
    const got = await outcome(call, em.fork())
    const wrong = differs(call, got) ?? texts(call, statements, shapes, templates)
    if (wrong !== undefined) failures.push(`call ${number}: ${wrong}\n  ${inspect(call.given, { depth: 5, maxStringLength: 300 })}\n  ${statements.map(({ sent }) => sent).join('\n  ')}`)
    if (typeof call.expected === 'string') refused++
    else rows += call.expected.length
    total += statements.length
  }
  return { database, calls, refused, rows, statements: total, shapes: shapes.size, templates: templates.size, failures }
}

/** The ids that came, or the error. */
async function outcome({ run }: Call, em: EntityManager): Promise<readonly number[] | Error> {
  try {
    const result = (await run(em)) as Person | Person[] | null
    return [result ?? []].flat().map(({ id }) => id)
  } catch (error) {
    return error as Error
  }
}

function differs({ expected }: Call, got: readonly number[] | Error): string | undefined {
  if (got instanceof Error) {
    const { code } = got as Error & { code?: string }
    return code === expected ? undefined : `expected ${JSON.stringify(expected)}, and got the error ${code ?? ''}: ${got.message}`
  }
  return JSON.stringify(got) === JSON.stringify(expected) ? undefined : `expected ${JSON.stringify(expected)}, and got ${JSON.stringify(got)}`
}

/** A refused call runs nothing; calls of one shape run the same texts; and what is sent is the text, with values at its places. */
function texts({ shape, expected }: Call, statements: readonly Statement[], shapes: Map<string, string[]>, templates: Set<string>): string | undefined {
  if (typeof expected === 'string' && expected !== 'SQLASSIST_MULTIPLE_ROWS' && statements.length > 0) return `expected ${expected} before any statement`
  for (const { template, sent } of statements) {
    if (!isTemplateOf(template, sent)) return `a value has become text: ${template}`
    templates.add(withoutLengths(template))
  }
  if (shape === '' || statements.length === 0) return undefined
  const known = shapes.get(shape) ?? []
  for (const [index, { template }] of statements.entries()) {
    const text = withoutLengths(template)
    known[index] ??= text
    if (known[index] !== text) return `the text depends on a value:\n  ${known[index]}\n  ${text}`
  }
  shapes.set(shape, known)
  return undefined
}
