// `npx fastify-sqlassist reflect`: the files that it writes compile, answer queries, and leave no difference to the database.
import t from 'tap'
import { FULL } from '../../support/size.ts'
import { asSuperuser, postgresDatabase, sqliteFile } from '../../support/databases.ts'
import { DatabaseSync } from 'node:sqlite'
import { chinookOnPostgres, chinookOnSqlite } from '../models/reflection/fixtures/chinook.ts'
import { northwindOnPostgres, northwindOnSqlite } from '../models/reflection/fixtures/northwind.ts'
import { pagila } from '../models/reflection/fixtures/pagila.ts'
import { workshop } from '../models/reflection/fixtures/workshop.ts'
import type { Teardown } from '../models/reflection/fixtures/legacy.ts'
import { enginesFile, Workplace } from './fixtures/workplace.ts'

interface Sample {
  readonly ddl: string
  /** A program's lines with typed queries: what they find is printed. */
  readonly queries: string
  readonly found: unknown
}

const PAGILA: Sample = {
  ddl: pagila,
  queries: `
    const film = await Film.getById(session, 1)
    if (film === null) throw new Error('no film')
    const title: string = film.title
    const rating: 'G' | 'PG' | 'PG-13' | 'R' | 'NC-17' | null | undefined = film.rating
    const actors = await film.actors.loadItems()
    const names: string[] = actors.map((actor) => actor.firstName)
    const language = await film.language.loadOrFail()
    const [payment] = await session.find(Payment, { amount: { $gt: '1' } }, { populate: ['customer'] })
    const list = await session.find(FilmList, { category: 'Documentary' })
    print({ title, rating, names, language: language.name.trim(), customer: payment?.customer.$.lastName, listed: list.map((row) => row.price) })
    export const wrong = async (): Promise<void> => {
      // @ts-expect-error -- no such column
      await Film.getRange(session, { orderCol: 'name' })
      // @ts-expect-error -- the key of a pivot table is a tuple
      await FilmActor.getById(session, 1)
    }`,
  found: { title: 'ACADEMY DINOSAUR', rating: 'PG-13', names: ['PENELOPE', 'NICK'], language: 'English', customer: 'SMITH', listed: ['4.99'] },
}

const CHINOOK = {
  queries: `
    const playlist = await session.findOneOrFail(Playlist, 1, { populate: ['tracks.album.artist'] })
    const artist = session.create(Artist, { name: 'Aerosmith' })
    await session.persist(artist).flush()
    const boss = await Employee.getById(session, 2).then((employee) => employee?.reportsTo?.load())
    print({ artists: playlist.tracks.$.getItems().map((track) => track.album?.$.artist.$.name), added: artist.artistId > 2, boss: boss?.lastName })`,
  found: { artists: ['AC/DC', 'Accept'], added: true, boss: 'Adams' },
}

const SAMPLES: Record<string, Sample & { readonly sqlite?: boolean }> = {
  Pagila: PAGILA,
  'Chinook on PostgreSQL': { ...CHINOOK, ddl: chinookOnPostgres },
  'Chinook on SQLite': { ...CHINOOK, ddl: chinookOnSqlite, sqlite: true },
  'Northwind on PostgreSQL': {
    ddl: northwindOnPostgres,
    queries: `
      const order = await session.findOneOrFail(Orders, 10248, { populate: ['customer.customerDemographics', 'employee.territories'] })
      const detail = await OrderDetails.getById(session, [10248, 2])
      print({ customer: order.customer?.$.companyName, territories: order.employee?.$.territories.getIdentifiers(), price: detail?.unitPrice })`,
    found: { customer: 'Alfreds Futterkiste', territories: ['01581'], price: 19 },
  },
  'Northwind on SQLite': {
    ddl: northwindOnSqlite, sqlite: true,
    queries: `
      const order = await session.findOneOrFail(Orders, 10248, { populate: ['products', 'customer'] })
      const region = session.create(Regions, { regionDescription: 'Western' })
      await session.persist(region).flush()
      const [total] = await session.find(OrderSubtotals, {})
      print({ products: order.products.getItems().map((product) => product.discontinued), customer: order.customer?.$.city, counted: region.regionId > 1, total: total?.subtotal })`,
    found: { products: [false, false], customer: 'Berlin', counted: true, total: 37 },
  },
  'a database that nobody planned': {
    ddl: workshop,
    queries: `
      const [tool] = await session.find(Tool, { name: 'saw' }, { populate: ['friends'] })
      const badge = await session.findOneOrFail(Badge, { color: 'red' }, { populate: ['employee', 'tenant'] })
      const big: bigint | null | undefined = badge.employee.$.big
      print({ friend: tool?.friends[0]?.name, bearer: badge.employee.$.fullName, tenant: badge.tenant?.$.code, big: String(big), scores: badge.employee.$.scores })`,
    found: { friend: 'blade', bearer: 'Bob (2)', tenant: 'acme', big: '9007199254740993', scores: null },
  },
}

async function databaseOf(t: Teardown, { ddl, sqlite }: Sample & { readonly sqlite?: boolean }): Promise<['postgresql' | 'sqlite', object]> {
  if (sqlite === true) {
    const dbName = sqliteFile(t)
    using file = new DatabaseSync(dbName)
    file.exec(ddl)
    return ['sqlite', { dbName }]
  }
  const clientUrl = await postgresDatabase(t)
  await asSuperuser(clientUrl, ddl)
  return ['postgresql', { clientUrl }]
}

/** A program that uses the files. It prints the schema diff, and what the queries have found. */
const program = (name: string, extension: string, queries: string): string => `
import type {} from 'fastify-sqlassist'
import { createSqlAssist } from 'fastify-sqlassist/orm'
import { engines } from './engines.mjs'
import { ${[...new Set(queries.match(/\b[A-Z][A-Za-z]+(?=\.get|,)/g))].join(', ')}, entities, schemaGenerator } from './entities/index${extension}'
const config = { ...engines.legacy.config, entities, schemaGenerator }
await using sqlassist = await createSqlAssist({ engines: { legacy: { config } } })
const diff: string = await sqlassist.engine('legacy').orm.schema.getUpdateSchemaSQL({ wrap: false })
await using container = sqlassist.session()
const session = container.legacy
const print = (found: unknown): void => console.log(JSON.stringify({ name: '${name}', diff, found }))
${queries}
`

/** Runs several programs in one process, because to start one takes longer than any of them. */
const runner = (programs: readonly string[]): string => `
for (const program of ${JSON.stringify(programs)}) await import(program).catch((error) => console.log(JSON.stringify({ program, error: error.stack })))
`

/** How the files are written: with defineEntity they run as they are; Node has no decorators. */
const DEFINITIONS = {
  decorators: { extension: '.js', loader: ['--import=tsx'] },
  defineEntity: { extension: '.ts', loader: [] },
} as const

const samples = FULL ? Object.entries(SAMPLES) : Object.entries(SAMPLES).filter((_, index) => index % 2 === 0)

t.test(`${samples.length} databases, written in ${FULL ? 'two ways' : 'one way'}`, { timeout: 600_000 }, async (t) => {
  const place = new Workplace(t)
  const databases = new Map<string, string>()
  for (const [name, sample] of samples) databases.set(name, enginesFile(...(await databaseOf(t, sample))))
  for (const [definition, { extension, loader }] of Object.entries(DEFINITIONS).slice(FULL ? 0 : 1)) {
    await t.test(definition, { timeout: 600_000 }, async (t) => {
      const programs: string[] = []
      for (const [name, { queries }] of samples) {
        const folder = `${name.replaceAll(' ', '-')}/${definition}`
        const engines = place.write(`${folder}/engines.mjs`, databases.get(name)!)
        place.write(`${folder}/engines.d.mts`, `import type { Options } from '@mikro-orm/core'\nexport const engines: { legacy: { config: Partial<Options> } }\n`)
        const options = ['--out', `${place.path}/${folder}/entities`, '--base', 'UtilityObject', '--definition', definition, '--import-extension', extension]
        const written = await place.sqlassist('reflect', '--engines', engines, ...options)
        t.equal(written.code, 0, `${name}: ${written.err}`)
        t.match(written.err, 'The schema diff between the entities and the database is empty.', name)
        t.strictSame(place.list(`${folder}/entities`).length, written.out.split('\n').length, name)
        programs.push(place.write(`${folder}/program.ts`, program(name, extension, queries)))
      }
      const ran = await place.node([...loader, place.write(`${definition}.mjs`, runner(programs))])
      t.equal(ran.code, 0, ran.err)
      const printed = ran.out.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)
      t.strictSame(printed, samples.map(([name, { found }]) => ({ name, diff: '', found })), 'no difference, and the queries find what is there')
    })
  }
  t.strictSame(await place.complaints(), [], 'all of them compile')
})

t.test('the files are the same each time, and somebody\'s own are left alone', async (t) => {
  const place = new Workplace(t)
  const engines = place.write('engines.mjs', enginesFile(...(await databaseOf(t, { ...CHINOOK, ddl: chinookOnSqlite, sqlite: true }))))
  const reflect = async (...more: string[]): Promise<Awaited<ReturnType<Workplace['sqlassist']>>> => await place.sqlassist('reflect', '--engines', engines, '--out', `${place.path}/entities`, ...more)

  const planned = await reflect('--dry-run', '--take', 'A*', '--take', '/^track$/i')
  t.equal(planned.code, 0)
  t.match(planned.out, /album\.ts\n.*artist\.ts\n.*track\.ts\n.*index\.ts$/)
  t.match(planned.err, '4 files would be written')
  t.throws(() => place.list('entities'), { code: 'ENOENT' })

  t.equal((await reflect()).code, 0)
  const first = place.list('entities').map((file) => place.read(`entities/${file}`))
  t.equal((await reflect()).code, 0)
  t.strictSame(place.list('entities').map((file) => place.read(`entities/${file}`)), first)
  t.match(place.read('entities/artist.ts'), 'export class Artist extends DeclaredTable {', 'the base where none was asked for')

  place.write('entities/artist.ts', 'export class Artist {}\n')
  const refused = await reflect()
  t.match(refused, { code: 2, err: /artist\.ts.*Nothing was written/s })
  t.equal(place.read('entities/artist.ts'), 'export class Artist {}\n')
  t.equal((await reflect('--force')).code, 0)
  t.match(place.read('entities/artist.ts'), 'ArtistId')

  t.equal((await reflect('--base', './base.js#Base')).code, 0)
  t.match(place.read('entities/artist.ts'), `import { Base } from './base.js'`)
  t.match(await reflect('--take', 'nothing'), { code: 2, err: /Nothing was found/ })
})

t.test('differences are said, and left alone', async (t) => {
  const place = new Workplace(t)
  const engines = place.write('engines.mjs', enginesFile(...(await databaseOf(t, { ...CHINOOK, ddl: chinookOnPostgres }))))
  const { code, err } = await place.sqlassist('reflect', '--engines', engines, '--out', `${place.path}/entities`, '--take', 'Album', '--schema', 'public')
  t.equal(code, 0)
  t.match(err, /warning: foreign key FK_AlbumArtistId of Album: public\.Artist is not reflected/)
  t.match(err, /warning: MikroORM sees a difference .*drop constraint "FK_AlbumArtistId"/s)
})

t.test('the program itself, with engines in TypeScript', { timeout: 600_000 }, async (t) => {
  const place = new Workplace(t)
  const [driver, config] = await databaseOf(t, { ...CHINOOK, ddl: chinookOnSqlite, sqlite: true })
  // A decorator, and an import of `.js` that means `.ts`: only a loader reads that.
  place.write('note.ts', `import { Entity, PrimaryKey } from '@mikro-orm/decorators/es'\n@Entity()\nexport class Note {\n  @PrimaryKey({ type: 'integer' })\n  id!: number\n}\n`)
  place.write('engines.ts', `import { Note } from './note.js'\n${enginesFile(driver, config, ', fork: { schema: Note.name }')}`)
  const bin = new URL('../../../orm/cli/bin.ts', import.meta.url).pathname
  const { code, out, err } = await place.node([bin, 'reflect', '--engines', 'engines.ts', '--skip', '/^(?!Genre)/', '--out', 'found'])
  t.equal(code, 0, err)
  t.equal(out, 'found/genre.ts\nfound/index.ts\n', 'what was written goes to stdout')
  t.match(err, 'Reading the database of engine \'legacy\'', 'progress goes to stderr')
  t.match(await place.node([bin]), { code: 0, out: /^Usage: fastify-sqlassist reflect/ })
  t.match(await place.node([bin, 'reflect']), { code: 2, err: /--engines/ })
})
