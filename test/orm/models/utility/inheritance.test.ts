// Classes that share a table: each helper finds the rows of its class and of those below it, as instances of what they are.
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { UtilityObject } from 'fastify-sqlassist/orm'
import t from 'tap'
import { onEachDatabase } from './support/databases.ts'

@Entity({ tableName: 'vehicles', discriminatorColumn: 'kind', abstract: true })
abstract class Vehicle extends UtilityObject {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', unique: true })
  plate!: string
}

@Entity({ discriminatorValue: 'car' })
class Car extends Vehicle {
  @Property({ type: 'string', nullable: true })
  brand?: string

  @Property({ type: 'integer', nullable: true })
  doors?: number
}

@Entity({ discriminatorValue: 'cabriolet' })
class Cabriolet extends Car {}

@Entity({ discriminatorValue: 'truck' })
class Truck extends Vehicle {
  @Property({ type: 'integer', nullable: true })
  axles?: number
}

onEachDatabase(t, 'single-table inheritance', [Vehicle, Car, Cabriolet, Truck], async (t, { writer, reader }) => {
  writer.create(Car, { id: 1, plate: 'A', brand: 'VW', doors: 5 })
  writer.create(Truck, { id: 2, plate: 'B', axles: 3 })
  writer.create(Cabriolet, { id: 3, plate: 'C', brand: 'vw', doors: 3 })
  await writer.flush()

  t.equal(await Car.getById(reader, 2), null, 'a truck is no car')
  t.ok((await Vehicle.getById(reader, 2)) instanceof Truck)
  t.equal(await Truck.getById(reader, 'A', 'plate'), null)
  t.strictSame((await Car.getByIds(reader, [3, 2, 1])).map((car) => car.constructor), [Cabriolet, Car])
  t.strictSame((await Car.getByColumnLower(reader, 'brand', 'VW', { allowMany: true })).map(({ id }) => id), [1, 3])
  t.equal((await Cabriolet.getByColumnLower(reader, 'brand', 'VW'))?.id, 3, 'one cabriolet, though two cars')
  t.strictSame((await Vehicle.getByColumnSimilar(reader, 'plate', 'b')).map(({ id }) => id), [2])
  t.strictSame((await Car.getRange(reader, { orderCol: 'doors' })).map(({ id }) => id), [3, 1])
  t.strictSame((await Cabriolet.getRange(reader, { orderCol: 'brand', orderCaseSensitive: false })).map(({ id }) => id), [3])
  const page = await Car.getPage(reader, { first: 1, orderCol: 'doors' })
  t.strictSame((await Car.getPage(reader, { first: 5, orderCol: 'doors', after: page.endCursor! })).items.map(({ id }) => id), [1])
  t.strictSame((await Truck.getById(reader, 2))?.loadedColumnsAsList(), ['id', 'plate', 'axles'])
  await t.rejects(Truck.getByColumnLower(reader, 'brand' as never, 'VW'), { code: 'SQLASSIST_COLUMN_UNKNOWN' }, 'a column of another class in the same table')
})
