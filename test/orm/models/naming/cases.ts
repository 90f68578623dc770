// One small model per case. The same entities are used on both databases, and with several engines.
import { defineEntity, type InferEntity, p } from '@mikro-orm/core'
import { Check, Entity, Enum, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/es'
import { DeclaredTable } from 'fastify-sqlassist/orm'
import type { Config } from './databases.ts'

export interface Case {
  readonly title: string
  readonly options: Config
  /** Kept from SQLite, which has no schemas, and where MikroORM's diff makes such an index anew each time. */
  readonly postgresOnly?: true
  /** What plain MikroORM cannot do either. */
  readonly sqliteDiff?: true
  /** The names, as `kind table: name`: on both databases, on PostgreSQL alone (SQLite has no names for these), on SQLite alone (it indexes foreign keys). */
  readonly both?: readonly string[]
  readonly postgres: readonly string[]
  readonly sqlite?: readonly string[]
}

// ---- indexes and unique constraints

@Entity({ tableName: 'users' })
@Unique({ properties: ['firstName', 'lastName'] })
@Index({ properties: ['lastName', 'firstName'] })
@Index({ properties: ['lastName'] })
class User extends DeclaredTable {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', unique: true, index: true })
  email!: string

  @Property({ type: 'string', unique: true })
  firstName!: string

  @Property({ type: 'string' })
  lastName!: string
}

const Reader = defineEntity({
  name: 'Reader',
  tableName: 'readers',
  properties: { id: p.integer().primary(), card: p.string().unique('card_number_is_unique'), town: p.string().index('readers_by_town') },
})

// ---- relations

const Team = defineEntity({ name: 'Team', tableName: 'teams', properties: { id: p.integer().primary(), name: p.string() } })

const Player = defineEntity({
  name: 'Player',
  tableName: 'players',
  properties: {
    id: p.integer().primary(),
    team: () => p.manyToOne(Team),
    formerTeam: () => p.manyToOne(Team).nullable().foreignKeyName('where_the_player_was'),
    locker: () => p.oneToOne(Locker).owner(),
    shirt: p.integer(),
  },
  indexes: [{ properties: ['team', 'shirt'] as never }],
})

const Locker = defineEntity({ name: 'Locker', tableName: 'lockers', properties: { id: p.integer().primary() } })

const Tag = defineEntity({ name: 'Tag', tableName: 'tags', properties: { id: p.integer().primary() } })

const Article = defineEntity({ name: 'Article', tableName: 'articles', properties: { id: p.integer().primary(), tags: () => p.manyToMany(Tag).owner() } })

const Category = defineEntity({
  name: 'Category',
  tableName: 'categories',
  properties: { id: p.integer().primary(), parent: () => p.manyToOne(Category).nullable(), related: () => p.manyToMany(Category).owner() },
})

// ---- composite keys

const Booking = defineEntity({
  name: 'Booking',
  tableName: 'bookings',
  properties: { team: () => p.manyToOne(Team).primary(), day: p.string().primary(), note: p.string() },
})

const Guest = defineEntity({
  name: 'Guest',
  tableName: 'guests',
  properties: { id: p.integer().primary(), booking: () => p.manyToOne(Booking), instead: () => p.manyToOne(Booking).nullable() },
})

const Seat = defineEntity({ name: 'Seat', tableName: 'seats', properties: { hall: p.string().primary(), row: p.integer().primary() } })

/** Two foreign keys that start with the same column and refer to the same table. */
const Swap = defineEntity({
  name: 'Swap',
  tableName: 'swaps',
  properties: {
    id: p.integer().primary(),
    from: () => p.manyToOne(Seat).fieldNames('hall', 'from_row'),
    to: () => p.manyToOne(Seat).fieldNames('hall', 'to_row'),
  },
})

// ---- inheritance

enum Size {
  small = 'small',
  large = 'large',
}

@Entity({ tableName: 'vehicles', discriminatorColumn: 'kind', abstract: true })
abstract class Vehicle extends DeclaredTable {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', unique: true })
  plate!: string
}

@Entity({ discriminatorValue: 'car' })
@Check({ name: 'enough_doors', expression: 'doors > 1' })
class Car extends Vehicle {
  @Property({ type: 'integer', nullable: true })
  doors?: number

  @ManyToOne({ entity: () => Team, nullable: true })
  team?: InferEntity<typeof Team>
}

@Entity({ discriminatorValue: 'truck' })
class Truck extends Vehicle {
  @Enum({ items: () => Size, type: 'string', nullable: true })
  size?: Size

  @Property({ type: 'integer', nullable: true, index: true })
  axles?: number
}

@Entity({ tableName: 'people', inheritance: 'tpt' })
abstract class Person extends DeclaredTable {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', unique: true })
  email!: string
}

@Entity({ tableName: 'employees' })
class Employee extends Person {
  @Property({ type: 'string', index: true })
  desk!: string
}

@Entity({ tableName: 'managers' })
class Manager extends Employee {
  @ManyToOne({ entity: () => Team })
  team!: InferEntity<typeof Team>
}

// ---- checks

@Entity({ tableName: 'parcels' })
@Check({ name: 'fits', expression: 'weight < 100 or length < 100' })
@Check({ name: 'ck_parcels_positive', expression: 'length > 0' })
@Check({ expression: 'weight <> length' })
@Check({ name: 'heavy', property: 'weight', expression: 'weight > 1' })
class Parcel extends DeclaredTable {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Enum({ items: () => Size, type: 'string' })
  size!: Size

  @Property({ type: 'integer' })
  weight!: number

  @Property({ type: 'integer', check: 'length < 1000' })
  length!: number

  @Property({ version: true, type: 'integer' })
  version!: number
}

// ---- embeddables

const Address = defineEntity({ name: 'Address', embeddable: true, properties: { city: p.string().index(), kind: p.enum(['home', 'work']) } })

const Shop = defineEntity({
  name: 'Shop',
  tableName: 'shops',
  uniques: [{ properties: ['address.city', 'name'] as never }],
  properties: { id: p.integer().primary(), name: p.string(), address: () => p.embedded(Address), billing: () => p.embedded(Address).object(), version: p.integer().version() },
})

// ---- several schemas

const Customer = defineEntity({ name: 'Customer', tableName: 'customers', schema: 'sales', properties: { id: p.integer().primary(), email: p.string().unique() } })
const Bill = defineEntity({ name: 'Bill', tableName: 'bills', schema: 'sales', properties: { id: p.integer().primary(), owner: () => p.manyToOne(Customer) } })
const Supplier = defineEntity({ name: 'Supplier', tableName: 'suppliers', schema: 'buying', properties: { id: p.integer().primary() } })
const SupplierBill = defineEntity({
  name: 'SupplierBill',
  tableName: 'bills',
  schema: 'buying',
  properties: { id: p.integer().primary(), owner: () => p.manyToOne(Supplier), team: () => p.manyToOne(Team) },
})

// ---- long names, and names that meet

const Measurement = defineEntity({
  name: 'Measurement',
  tableName: 'measurements_of_atmospheric_pressure_in_northern_stations',
  checks: [{ name: 'is_within_what_the_instrument_can_measure', expression: 'value_in_hectopascal_as_read_from_instrument > 0' }],
  indexes: [{ properties: ['valueInHectopascalAsReadFromInstrument', 'valueInHectopascalAfterCorrection'] as never }],
  properties: {
    id: p.integer().primary(),
    valueInHectopascalAsReadFromInstrument: p.integer().index(),
    valueInHectopascalAfterCorrection: p.integer().unique(),
    stationThatHasMadeTheMeasurement: () => p.manyToOne(Station),
    quality: p.enum(['provisional', 'final']),
  },
})
const Station = defineEntity({ name: 'Station', tableName: 'stations_of_the_northern_atmospheric_measurement_network', properties: { id: p.integer().primary() } })

/** `a_b.c` and `a.b_c` both read `a_b_c`. */
const OrderLine = defineEntity({ name: 'OrderLine', tableName: 'order_line', properties: { id: p.integer().primary(), no: p.integer().index() } })
const Order = defineEntity({ name: 'Order', tableName: 'order', properties: { id: p.integer().primary(), lineNo: p.integer().index() } })

// ---- indexes that plain columns do not describe

const Ticket = defineEntity({
  name: 'Ticket',
  tableName: 'tickets',
  indexes: [
    { properties: ['state'] as never, where: "state = 'open'" },
    { properties: ['state'] as never, where: "state = 'closed'" },
    { name: 'tickets_by_subject', expression: 'create index tickets_by_subject on tickets (lower(subject))' },
    { expression: (_columns, table, name) => `create index ${name} on ${String(table)} (upper(subject))` },
    { expression: (_columns, table, name) => `create index ${name} on ${String(table)} (length(subject))` },
  ],
  properties: { id: p.integer().primary(), state: p.string().index(), priority: p.integer(), subject: p.string(), reporter: () => p.embedded(Contact).object(), agent: () => p.embedded(Contact).prefix('agent_') },
})

const Letter = defineEntity({
  name: 'Letter',
  tableName: 'letters',
  indexes: [{ columns: [{ name: 'sentAt', sort: 'desc' }] }, { properties: ['details.colour'] as never }, { properties: ['sender.mail'] as never }],
  properties: { id: p.integer().primary(), sentAt: p.datetime(), details: p.json(), sender: () => p.embedded(Contact).object() },
})

const Contact = defineEntity({ name: 'Contact', embeddable: true, properties: { mail: p.string(), phone: p.string().unique() } })

/** A relation to one of several tables has no foreign key. */
const Remark = defineEntity({ name: 'Remark', tableName: 'remarks', properties: { id: p.integer().primary(), about: () => p.manyToOne([Team, Tag]) } })

export const cases: readonly Case[] = [
  {
    title: 'Indexes and unique constraints, several with the same first column',
    options: { entities: [User] },
    both: [
      'ix users: ix_users_email',
      'ix users: ix_users_last_name',
      'ix users: ix_users_last_name_first_name',
      'uq users: uq_users_email',
      'uq users: uq_users_first_name',
      'uq users: uq_users_first_name_last_name',
    ],
    postgres: [
      'pk users: pk_users',
    ],
  },
  {
    title: 'Names that the model gives itself',
    options: { entities: [Reader] },
    both: [
      'ix readers: readers_by_town',
      'uq readers: card_number_is_unique',
    ],
    postgres: [
      'pk readers: pk_readers',
    ],
  },
  {
    title: 'Relations',
    options: { entities: [Player, Team, Locker] },
    both: [
      'fk players: fk_players_locker_id_lockers',
      'fk players: fk_players_team_id_teams',
      'fk players: where_the_player_was',
      'ix players: ix_players_team_id_shirt',
      'uq players: uq_players_locker_id',
    ],
    postgres: [
      'pk lockers: pk_lockers',
      'pk players: pk_players',
      'pk teams: pk_teams',
    ],
    sqlite: [
      'ix players: ix_players_former_team_id',
      'ix players: ix_players_team_id',
    ],
  },
  {
    title: 'Pivot tables',
    options: { entities: [Article, Tag] },
    both: [
      'fk articles_tags: fk_articles_tags_article_id_articles',
      'fk articles_tags: fk_articles_tags_tag_id_tags',
    ],
    postgres: [
      'pk articles: pk_articles',
      'pk articles_tags: pk_articles_tags',
      'pk tags: pk_tags',
    ],
    sqlite: [
      'ix articles_tags: ix_articles_tags_article_id',
      'ix articles_tags: ix_articles_tags_tag_id',
    ],
  },
  {
    title: 'Self references',
    options: { entities: [Category] },
    both: [
      'fk categories: fk_categories_parent_id_categories',
      'fk categories_related: fk_categories_related_categories_1_id_categories',
      'fk categories_related: fk_categories_related_categories_2_id_categories',
    ],
    postgres: [
      'pk categories: pk_categories',
      'pk categories_related: pk_categories_related',
    ],
    sqlite: [
      'ix categories: ix_categories_parent_id',
      'ix categories_related: ix_categories_related_categories_1_id',
      'ix categories_related: ix_categories_related_categories_2_id',
    ],
  },
  {
    title: 'Composite primary keys',
    options: { entities: [Booking, Team] },
    both: [
      'fk bookings: fk_bookings_team_id_teams',
    ],
    postgres: [
      'pk bookings: pk_bookings',
      'pk teams: pk_teams',
    ],
    sqlite: [
      'ix bookings: ix_bookings_team_id',
    ],
  },
  {
    title: 'Composite foreign keys',
    options: { entities: [Guest, Booking, Team, Seat, Swap] },
    sqliteDiff: true,
    both: [
      'fk bookings: fk_bookings_team_id_teams',
      'fk guests: fk_guests_booking_team_id_bookings',
      'fk guests: fk_guests_instead_team_id_bookings',
      'fk swaps: fk_swaps_hall_seats',
      'fk swaps: fk_swaps_hall_to_row_seats',
    ],
    postgres: [
      'pk bookings: pk_bookings',
      'pk guests: pk_guests',
      'pk seats: pk_seats',
      'pk swaps: pk_swaps',
      'pk teams: pk_teams',
    ],
    sqlite: [
      'ix bookings: ix_bookings_team_id',
      'ix guests: ix_guests_booking_team_id',
      'ix guests: ix_guests_instead_team_id',
      'ix swaps: ix_swaps_hall',
      'ix swaps: ix_swaps_hall_to_row',
    ],
  },
  {
    title: 'Single-table inheritance',
    options: { entities: [Vehicle, Car, Truck, Team] },
    both: [
      'ck vehicles: ck_vehicles_enough_doors',
      'fk vehicles: fk_vehicles_team_id_teams',
      'ix vehicles: ix_vehicles_axles',
      'ix vehicles: ix_vehicles_kind',
      'uq vehicles: uq_vehicles_plate',
    ],
    postgres: [
      'pk teams: pk_teams',
      'ck vehicles: ck_vehicles_kind',
      'ck vehicles: ck_vehicles_size',
      'pk vehicles: pk_vehicles',
    ],
    sqlite: [
      'ix vehicles: ix_vehicles_team_id',
    ],
  },
  {
    title: 'Table-per-type inheritance',
    options: { entities: [Person, Employee, Manager, Team] },
    both: [
      'fk employees: fk_employees_id_people',
      'ix employees: ix_employees_desk',
      'fk managers: fk_managers_id_employees',
      'fk managers: fk_managers_team_id_teams',
      'uq people: uq_people_email',
    ],
    postgres: [
      'pk employees: pk_employees',
      'pk managers: pk_managers',
      'pk people: pk_people',
      'pk teams: pk_teams',
    ],
    sqlite: [
      'ix managers: ix_managers_team_id',
    ],
  },
  {
    title: 'Checks: of an enum, of a property, of an entity, named and not',
    options: { entities: [Parcel] },
    both: [
      'ck parcels: ck_parcels_check',
      'ck parcels: ck_parcels_fits',
      'ck parcels: ck_parcels_positive',
    ],
    postgres: [
      'ck parcels: ck_parcels_heavy',
      'ck parcels: ck_parcels_length',
      'ck parcels: ck_parcels_size',
      'pk parcels: pk_parcels',
    ],
  },
  {
    title: 'Embeddables, and a version column',
    options: { entities: [Shop, Address] },
    both: [
      'ix shops: ix_shops_address_city',
      'uq shops: uq_shops_address_city',
    ],
    postgres: [
      'ck shops: ck_shops_address_kind',
      'pk shops: pk_shops',
    ],
  },
  {
    title: 'Partial and expression indexes; embeddables inline and as JSON',
    options: { entities: [Ticket, Contact] },
    both: [
      'ix tickets: ix_tickets_expression',
      'ix tickets: ix_tickets_expression_8362222b',
      'ix tickets: ix_tickets_state',
      'ix tickets: ix_tickets_state_32230076',
      'ix tickets: ix_tickets_state_c724fa43',
      'ix tickets: tickets_by_subject',
      'uq tickets: uq_tickets_agent_phone',
    ],
    postgres: ['pk tickets: pk_tickets'],
  },
  {
    title: 'Relations to one of several tables',
    options: { entities: [Remark, Team, Tag] },
    postgres: [
      'pk remarks: pk_remarks',
      'pk tags: pk_tags',
      'pk teams: pk_teams',
    ],
    sqlite: ['ix remarks: ix_remarks_about_type'],
  },
  {
    title: 'Descending indexes, and indexes into JSON',
    options: { entities: [Letter, Contact] },
    postgresOnly: true,
    postgres: [
      'ix letters: ix_letters_details_colour',
      'ix letters: ix_letters_sender_mail',
      'ix letters: ix_letters_sent_at',
      'pk letters: pk_letters',
    ],
  },
  {
    title: 'Several schemas, with tables of the same name',
    options: { entities: [Customer, Bill, Supplier, SupplierBill, Team] },
    postgresOnly: true,
    postgres: [
      'fk buying.bills: fk_bills_owner_id_suppliers',
      'fk buying.bills: fk_bills_team_id_teams',
      'pk buying.bills: pk_bills',
      'pk buying.suppliers: pk_suppliers',
      'fk sales.bills: fk_bills_owner_id_customers',
      'pk sales.bills: pk_bills',
      'pk sales.customers: pk_customers',
      'uq sales.customers: uq_customers_email',
      'pk teams: pk_teams',
    ],
  },
  {
    title: 'Names over 63 characters',
    options: { entities: [Measurement, Station] },
    both: [
      'ck measurements_of_atmospheric_pressure_in_northern_stations: ck_measurements_of_atmospheric_pressure_in_northern_st_32f5af25',
      'fk measurements_of_atmospheric_pressure_in_northern_stations: fk_measurements_of_atmospheric_pressure_in_northern_st_e44c693c',
      'ix measurements_of_atmospheric_pressure_in_northern_stations: ix_measurements_of_atmospheric_pressure_in_northern_st_9e64989b',
      'ix measurements_of_atmospheric_pressure_in_northern_stations: ix_measurements_of_atmospheric_pressure_in_northern_st_a991d291',
      'uq measurements_of_atmospheric_pressure_in_northern_stations: uq_measurements_of_atmospheric_pressure_in_northern_st_310c020c',
    ],
    postgres: [
      'ck measurements_of_atmospheric_pressure_in_northern_stations: ck_measurements_of_atmospheric_pressure_in_northern_st_ddaaea46',
      'pk measurements_of_atmospheric_pressure_in_northern_stations: pk_measurements_of_atmospheric_pressure_in_northern_stations',
      'pk stations_of_the_northern_atmospheric_measurement_network: pk_stations_of_the_northern_atmospheric_measurement_network',
    ],
    sqlite: [
      'ix measurements_of_atmospheric_pressure_in_northern_stations: ix_measurements_of_atmospheric_pressure_in_northern_st_c9645eaa',
    ],
  },
  {
    title: 'Names that would meet',
    options: { entities: [OrderLine, Order] },
    both: [
      'ix order: ix_order_line_no',
      'ix order_line: ix_order_line_no_865898f7',
    ],
    postgres: [
      'pk order: pk_order',
      'pk order_line: pk_order_line',
    ],
  },
]

/** The names that a database has. */
export const expected = ({ both = [], postgres, sqlite = [] }: Case, dialect: string): string[] =>
  [...both, ...(dialect === 'SQLite' ? sqlite : postgres)].toSorted()
