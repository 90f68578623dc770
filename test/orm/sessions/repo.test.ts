// repo(): MikroORM's repository of a session. What the compiler knows of it is in test/types/repo.tst.ts; here what happens where the types were lost.
import { type Constructor, defineEntity, type EntityName, p } from '@mikro-orm/core'
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { defineConfig, EntityRepository } from '@mikro-orm/sqlite'
import { createSqlAssist, defineEngines } from 'fastify-sqlassist/orm'
import t, { type Test } from 'tap'
import { sqliteFile } from '../../support/databases.ts'
import { compileLegacy } from '../models/utility/support/legacy-decorators.ts'

interface Named {
  id: number
  name: string
}

class TagRepository extends EntityRepository<EsTag> {
  async named(name: string): Promise<EsTag | null> {
    return await this.findOne({ name })
  }
}

@Entity({ repository: () => TagRepository })
class EsTag {
  @PrimaryKey({ type: 'integer' })
  id!: number

  @Property({ type: 'string' })
  name!: string
}

const LegacyTag = await compileLegacy<Constructor<Named>>('LegacyTag', `
  import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

  @Entity()
  export class LegacyTag {
    @PrimaryKey({ type: 'integer' })
    id

    @Property({ type: 'string' })
    name
  }
`)

const DefinedTag = defineEntity({ name: 'DefinedTag', properties: { id: p.integer().primary(), name: p.string() } })
const Elsewhere = defineEntity({ name: 'Elsewhere', properties: { id: p.integer().primary() } })

const ways: Record<string, EntityName<Named>> = { 'ES decorators': EsTag, 'legacy decorators': LegacyTag, defineEntity: DefinedTag }

async function open(t: Test) {
  const dbName = sqliteFile(t)
  const statements: string[] = []
  const watched = { debug: ['query' as const], logger: (line: string) => void statements.push(line) }
  const entities = [EsTag, LegacyTag, DefinedTag]
  const engines = defineEngines({
    writer: { config: defineConfig({ dbName, entities, ...watched }), default: true },
    reader: { config: defineConfig({ dbName, entities, ...watched }), readonly: true },
    other: { config: defineConfig({ dbName: sqliteFile(t), entities: [Elsewhere], ...watched }) },
  })
  const db = await createSqlAssist({ engines })
  t.teardown(async () => await db.dispose())
  await db.engine().orm.schema.create()
  const sessions = db.session()
  t.teardown(async () => await sessions.close())
  return { sessions, statements }
}

for (const [way, Tag] of Object.entries(ways)) {
  t.test(`an entity of ${way}`, async (t) => {
    const { sessions, statements } = await open(t)
    const { reader, writer, other } = sessions
    const made = writer.repo(Tag).create({ name: 'first' })
    await writer.flush()
    t.equal(await writer.repo(Tag).findOne({ name: 'first' }), made, 'in the identity map of the session')
    t.match(await reader.repo(Tag).findAll(), [{ name: 'first' }])
    t.equal(writer.repo(Tag), writer.getRepository(Tag))

    statements.length = 0
    const untyped = other.repo.bind(other) as (entity: EntityName<Named>) => unknown
    t.throws(() => untyped(Tag), { code: 'SQLASSIST_ENTITY_UNKNOWN', message: /^Engine 'other' does not know the entity/ })
    await t.rejects(async () => await (reader.repo(Tag) as EntityRepository<Named>).insert({ name: 'second' }), { code: 'SQLASSIST_READONLY_ENGINE' })
    t.strictSame(statements, [], 'no statement was sent')
    t.equal(await reader.repo(Tag).count(), 1)
    t.equal(statements.length, 1, 'one that is sent is seen')
  })
}

t.test("an entity's own repository", async (t) => {
  const { writer } = (await open(t)).sessions
  await writer.insert(EsTag, { name: 'first' })
  const repository = writer.repo(EsTag)
  t.ok(repository instanceof TagRepository)
  t.match(await (repository as TagRepository).named('first'), { name: 'first' })
})
