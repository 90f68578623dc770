// Three samples that everybody knows, reflected at run time: the entities answer queries, and MikroORM sees no difference to the database.
import { asSuperuser, postgresDatabase } from '../../../support/databases.ts'
import { defineConfig } from '@mikro-orm/postgresql'
import { UtilityObject } from 'fastify-sqlassist/orm'
import t from 'tap'
import { application, constraintsOf, legacyPostgres, legacySqlite, reflect, schemaDiff, type Teardown } from './fixtures/legacy.ts'
import { pagila } from './fixtures/pagila.ts'
import { chinookOnPostgres, chinookOnSqlite } from './fixtures/chinook.ts'
import { northwindOnPostgres, northwindOnSqlite } from './fixtures/northwind.ts'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

t.test('Pagila', async (t) => {
  const { config, run } = await legacyPostgres(t, pagila)
  const tables = await reflect(config, { base: UtilityObject })
  t.strictSame(tables.warnings, [])
  t.equal(tables.classNames.length, 19, '15 tables, of which the partitions are none, and 4 views')
  const sqlassist = await application(t, config, tables)
  t.equal(await schemaDiff(sqlassist), '')

  await using session = sqlassist.session()
  const em = session.get('legacy')
  const Film = tables.get('film')

  const film = await Film.getById(em, 1)
  await em.populate(film as never, ['actors', 'categories', 'language', 'originalLanguage'] as never)
  t.match(plain(film), {
    filmId: 1, title: 'ACADEMY DINOSAUR', releaseYear: 2006, rating: 'PG-13', rentalRate: '4.99', specialFeatures: ['Trailers', 'Deleted Scenes'],
    language: { name: /^English/ }, originalLanguage: { name: /^Italian/ },
    actors: [{ firstName: 'PENELOPE' }, { firstName: 'NICK' }], categories: [{ name: 'Documentary' }],
  })

  const Payment = tables.get('payment')
  const [payment] = await em.find(Payment, {}, { populate: ['customer'] as never })
  t.match(plain(payment), { paymentDate: '2022-01-11T10:00:00.000Z', amount: '4.99', customer: { lastName: 'SMITH', activebool: true } }, 'a partitioned table')
  t.match(await Payment.getById(em, [payment!['paymentDate'], payment!['paymentId']] as never), { amount: '4.99' }, 'its key is of two columns, in their order')
  t.same((await em.findOneOrFail(tables.get('staff'), 1))['picture'], Buffer.from('89504e47', 'hex'))

  t.match(plain(await em.find(tables.get('film_list'), { category: 'Documentary' })), [{ fid: 1, price: '4.99', actors: 'PENELOPE GUINESS, NICK WAHLBERG' }], 'a view')
  t.match(plain(await em.find(tables.get('customer_list'), { zipCode: null })), [{ name: 'MARY SMITH', country: 'Canada' }], 'a column of a view whose name has a space')
  await run('refresh materialized view rental_by_category')
  t.match(plain(await em.find(tables.get('rental_by_category'), {})), [{ category: 'Documentary', totalSales: '4.99' }], 'a materialized view')

  await t.test('and is written to: defaults, arrays, the rows of a pivot table', async (t) => {
    const actor = await tables.get('actor').getById(em, 2)
    const created = em.create(Film, { title: 'NEW', language: 1, specialFeatures: ['a, b', 'c"d'], fulltext: 'new' })
    ;(created['actors'] as { add(entity: unknown): void }).add(actor)
    await session.get('legacy').persist(created).flush()
    em.clear()
    const saved = await em.findOneOrFail(Film, { title: 'NEW' }, { populate: ['actors'] as never })
    t.match(plain(saved), { rating: 'G', rentalDuration: 3, specialFeatures: ['a, b', 'c"d'], actors: [{ actorId: 2 }] })
  })
})

for (const [dialect, make] of Object.entries({
  PostgreSQL: async (t: Teardown) => await legacyPostgres(t, chinookOnPostgres),
  SQLite: async (t: Teardown) => await legacySqlite(t, chinookOnSqlite),
})) {
  t.test(`Chinook on ${dialect}`, async (t) => {
    const { config } = await make(t)
    const tables = await reflect(config, { base: UtilityObject })
    t.strictSame(tables.warnings, [])
    t.strictSame(tables.classNames.toSorted(), ['Album', 'Artist', 'Customer', 'Employee', 'Genre', 'Invoice', 'InvoiceLine', 'MediaType', 'Playlist', 'PlaylistTrack', 'Track'])
    const sqlassist = await application(t, config, tables)
    t.equal(await schemaDiff(sqlassist), '')

    await using session = sqlassist.session()
    const em = session.get('legacy')
    const playlist = await em.findOneOrFail(tables.get('Playlist'), 1, { populate: ['tracks.album.artist', 'tracks.genre'] as never })
    t.match(plain(playlist), { name: 'Music', tracks: [{ composer: 'Angus Young', unitPrice: '0.99', genre: { name: 'Rock' }, album: { artist: { name: 'AC/DC' } } }, { album: { artist: { name: 'Accept' } } }] })
    const invoice = await em.findOneOrFail(tables.get('Invoice'), 1, { populate: ['customer.supportRep.reportsTo'] as never })
    t.match(plain(invoice), { invoiceDate: /^2021-01-01[T ]00:00:00/, customer: { firstName: 'Luís', supportRep: { lastName: 'Edwards', reportsTo: { lastName: 'Adams', reportsTo: null } } } })

    const artist = em.create(tables.get('Artist'), { name: 'Aerosmith' })
    await em.persist(artist).flush()
    t.ok(Number(artist['artistId']) > 2, 'the database counts up the key')
    em.clear()
    t.match(await tables.get('Artist').getByColumnLower(em, 'name' as never, 'AEROSMITH'), { artistId: artist['artistId'] })
  })
}

t.test('Northwind on PostgreSQL', async (t) => {
  const { config } = await legacyPostgres(t, northwindOnPostgres)
  const tables = await reflect(config)
  t.strictSame(tables.warnings, [])
  const sqlassist = await application(t, config, tables)
  t.equal(await schemaDiff(sqlassist), '')
  await using session = sqlassist.session()
  const em = session.get('legacy')
  const order = await em.findOneOrFail(tables.get('orders'), 10248, { populate: ['customer.customerDemographics', 'employee.territories.region', 'shipVia'] as never })
  t.match(plain(order), {
    orderDate: '1996-07-04', customer: { customerId: 'ALFKI', customerDemographics: [{ customerDesc: 'loyal' }] }, shipVia: { companyName: 'Speedy Express' },
    employee: { reportsTo: 2, birthDate: '1948-12-08', territories: [{ territoryId: '01581', region: { regionDescription: 'Eastern' } }] },
  })
  t.match(plain(await em.find(tables.get('order_details'), { product: 1 }, { populate: ['product'] as never })), [{ quantity: 2, discount: 0.5, product: { productName: 'Chai', unitPrice: 18, discontinued: 0 } }])
  t.match(plain(await em.find(tables.get('order_subtotals'), {})), [{ orderId: 10248, subtotal: 37 }])
})

t.test('Northwind on SQLite', async (t) => {
  const { config } = await legacySqlite(t, northwindOnSqlite)
  const tables = await reflect(config)
  t.strictSame(tables.warnings, [])
  const sqlassist = await application(t, config, tables)
  t.equal(await schemaDiff(sqlassist), '')
  await using session = sqlassist.session()
  const em = session.get('legacy')
  const order = await em.findOneOrFail(tables.get('Orders'), 10248, { populate: ['customer.customerDemographics', 'employee.territories.region', 'products.supplier'] as never })
  t.match(plain(order), {
    orderDate: /^1996-07-04/, freight: 0, customer: { customerId: 'ALFKI', customerDemographics: [{ customerDesc: 'loyal' }] },
    employee: { reportsTo: 2, birthDate: '1948-12-08', territories: [{ region: { regionDescription: 'Eastern' } }] },
    products: [{ productName: 'Chai', discontinued: false, supplier: { companyName: 'Exotic Liquids' } }, { productName: 'Chang' }],
  })
  t.match(plain(await em.find(tables.get('OrderSubtotals'), {})), [{ orderId: 10248, subtotal: 37 }], 'what a view computes has no type')
  t.same((await em.findOneOrFail(tables.get('Categories'), 1))['picture'], Buffer.from([1, 255]))
  const region = em.create(tables.get('Regions'), { regionDescription: 'Western' })
  await em.persist(region).flush()
  t.equal(region['regionId'], 2, 'a key that SQLite counts up without being told')
})

for (const [sample, ddl] of Object.entries({ pagila, chinook: chinookOnPostgres, northwind: northwindOnPostgres })) {
  t.test(`${sample}: a database made of the entities has the same constraints and indexes, with the same names`, async (t) => {
    const clientUrl = await postgresDatabase(t)
    await asSuperuser(clientUrl, ddl)
    const tables = await reflect(defineConfig({ clientUrl }))
    const copyUrl = await postgresDatabase(t)
    const copy = await application(t, defineConfig({ clientUrl: copyUrl }), tables)
    await copy.engine('legacy').orm.schema.create()
    const [original, made] = [await constraintsOf(clientUrl), await constraintsOf(copyUrl)]
    t.ok(original.length > 20, `${original.length} were compared`)
    t.strictSame(original.filter((line) => !made.includes(line)), [])
    // MikroORM makes a unique constraint of a unique index; it has the name of the index.
    t.strictSame(made.filter((line) => !original.includes(line) && !/: idx_unq_\w+ UNIQUE/.test(line)), [])
  })
}
