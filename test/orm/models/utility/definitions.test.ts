// The three ways to define an entity, each with all helpers.
import { defineEntity, type EntityName, p } from '@mikro-orm/core'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { DeclaredTable, getById, getByIds, getRange, UtilityObject, withUtility } from 'fastify-sqlassist/orm'
import t from 'tap'
import { onEachDatabase } from './support/databases.ts'
import { compileLegacy } from './support/legacy-decorators.ts'

@Entity({ tableName: 'groups' })
class EsGroup extends UtilityObject {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string', unique: true })
  name!: string

  @Property({ type: 'text', nullable: true })
  description?: string | null
}

const columns = { id: p.integer().primary(), name: p.string().unique(), description: p.text().nullable() }

/** defineEntity, the class made over the one of the schema. */
const MixedSchema = defineEntity({ name: 'MixedGroup', tableName: 'groups', properties: columns })
class MixedGroup extends withUtility(MixedSchema.class) {}
MixedSchema.setClass(MixedGroup)

/** defineEntity, for a class of one's own. */
class ClassGroup extends UtilityObject {
  id!: number
  name!: string
  description?: string | null
}
const ClassSchema = defineEntity({ class: ClassGroup, tableName: 'groups', properties: columns })

const LegacyGroup = await compileLegacy<typeof EsGroup>('Group', `
  import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'
  import { UtilityObject } from 'fastify-sqlassist/orm'

  @Entity({ tableName: 'groups' })
  export class Group extends UtilityObject {
    @PrimaryKey({ type: 'integer' })
    id!: number

    @Property({ type: 'string', unique: true })
    name!: string

    @Property({ type: 'text', nullable: true })
    description?: string | null
  }
`)

const ways: [way: string, Group: typeof EsGroup, entity: EntityName][] = [
  ['ES decorators', EsGroup, EsGroup],
  ['legacy decorators', LegacyGroup, LegacyGroup],
  ['defineEntity and withUtility', MixedGroup as unknown as typeof EsGroup, MixedSchema],
  ['defineEntity and a class', ClassGroup, ClassSchema],
]

for (const [way, Group, entity] of ways) {
  onEachDatabase(t, `${way}: all helpers`, [entity], async (t, { db, writer, reader }) => {
    writer.create(Group, { id: 1, name: 'Staff', description: 'x' })
    writer.create(Group, { id: 2, name: 'Guests' })
    await writer.flush()
    const staff = await Group.getById(reader, 1)
    t.ok(staff instanceof Group)
    t.equal((await Group.getById(reader, 'Guests', 'name'))?.id, 2)
    t.strictSame((await Group.getByIds(reader, [2, 1])).map(({ name }) => name), ['Guests', 'Staff'])
    t.equal(await Group.getByColumnLower(reader, 'name', 'STAFF'), staff)
    t.strictSame(await Group.getByColumnSimilar(reader, 'name', 'st'), [staff])
    t.equal(await Group.getByColumnExactThenIlike(reader, 'name', 'sTAFF'), staff)
    t.strictSame((await Group.getRange(reader, { orderCol: 'name' })).map(({ id }) => id), [2, 1])
    t.strictSame((await Group.getPage(reader, { first: 1 })).items, [staff])
    t.strictSame(await staff!.columnsAsObject(), { id: 1, name: 'Staff', description: 'x' })
    t.strictSame(staff!.loadedColumnsAsObject(), { id: 1, name: 'Staff', description: 'x' })
    t.strictSame(staff!.loadedColumnsAsList(), ['id', 'name', 'description'])
    t.equal(staff!.getDbSession(), reader)
    t.equal(staff!.getRequest(), undefined)
    t.equal(await db.engine('writer').orm.schema.getUpdateSchemaSQL(), '', 'the base class adds nothing to the table')
  })
}

t.test('withUtility keeps what the class has', async (t) => {
  const Plain = class Plain {
    static here = 1
    greet(): string {
      return 'hello'
    }
  }
  class Both extends withUtility(Plain) {}
  t.equal(Both.here, 1)
  t.equal(new Both().greet(), 'hello')
  t.ok(new Both() instanceof Plain)
  t.equal(Both.getRange, UtilityObject.getRange)
  t.equal(Both.checkNames, DeclaredTable.checkNames)
  t.strictSame(Object.keys(new Both()), [])
  t.equal(Plain.prototype.constructor, Plain, 'and the class itself is left alone')
})

class Account extends DeclaredTable {
  number!: string
  owner!: string
}
const AccountSchema = defineEntity({ class: Account, tableName: 'accounts', properties: { number: p.string().primary(), owner: p.string() } })

onEachDatabase(t, 'the functions take entities without the base class', [AccountSchema], async (t, { writer, reader }) => {
  writer.create(Account, { number: 'A1', owner: 'Ann' })
  await writer.flush()
  t.equal((await getById(reader, Account, 'A1' as never))?.owner, 'Ann')
  t.equal((await getById(reader, AccountSchema, 'A1' as never))?.owner, 'Ann', 'by the schema as well')
  t.strictSame((await getByIds(reader, Account, ['A1'], 'number')).map(({ owner }) => owner), ['Ann'])
  t.strictSame((await getRange(reader, Account, { orderCol: 'owner' })).map(({ number }) => number), ['A1'])
})
