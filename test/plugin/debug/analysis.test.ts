// Where repeated queries come from, by the names that the entities have; and callers, by the look of stacks.
import { Collection } from '@mikro-orm/core'
import { Entity, ManyToMany, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { MikroORM } from '@mikro-orm/sqlite'
import t from 'tap'
import { queryShapeOf } from '../../../orm/sql/query-shape.ts'
import { followed } from '../../../orm/n-plus-one/relation.ts'
import { callerIn } from '../../../plugin/debug/recording/caller.ts'

@Entity({ tableName: 'tag' })
class Tag {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) label!: string
}

@Entity({ tableName: 'article' })
class Article {
  @PrimaryKey({ type: 'integer' }) id!: number
  @ManyToMany({ entity: () => Tag, pivotTable: 'article_tags' }) tags = new Collection<Tag>(this)
  @ManyToOne({ entity: () => Article, nullable: true }) parent?: Article
}

@Entity({ tableName: 'remark' })
class Remark {
  @PrimaryKey({ type: 'integer' }) id!: number
  @ManyToOne({ entity: () => Article }) article!: Article
}

const orm = await MikroORM.init({ dbName: ':memory:', entities: [Tag, Article, Remark] })
t.teardown(async () => await orm.close())

const named = (sql: string, ...before: string[]): string => {
  const shape = queryShapeOf(sql)
  const found = shape && followed(shape, orm, new Set(before))
  return found === undefined ? 'nothing' : `${found.entity} by ${found.relation ?? 'no relation'}`
}

t.test('the entity and the relation of a query', async (t) => {
  t.equal(named('select "r0".* from "remark" as "r0" where "r0"."article_id" in (5)'), 'Remark by Remark.article', 'there is no collection on the other side')
  t.equal(named('select "t1".* from "article_tags" as "a0" inner join "tag" as "t1" on "a0"."tag_id" = "t1"."id" where "a0"."article_id" in (1)'), 'Tag by Article.tags')
  t.equal(named('select "a0".* from "article" as "a0" where "a0"."id" = 1 limit 1', 'remark'), 'Article by Remark.article')
  t.equal(named('select "a0".* from "article" as "a0" where "a0"."id" = 1 limit 1'), 'Article by no relation', 'several lead there')
  t.equal(named(`select * from tag where label = 'x'`), 'Tag by no relation')
  t.equal(named('select * from tag where 1 = 1'), 'Tag by no relation')
  t.equal(named(`select * from public.elsewhere where id = 1`), 'nothing')
  t.equal(named(`update tag set label = 'x' where id = 1`), 'nothing')
  t.equal(named('select 1'), 'nothing')
})

const at = (...lines: string[]): unknown => callerIn(['Error', ...lines.map((line) => `    at ${line}`)].join('\n'))

t.test('the line of the application in a stack', async (t) => {
  t.strictSame(at('publish (node:diagnostics_channel:166:9)', 'x (/app/node_modules/pg/lib/client.js:1:2)', 'async load (file:///app/src/load.js:3:4)', '/app/main.js:5:6'), { file: '/app/src/load.js', line: 3, column: 4 })
  t.strictSame(at('async /app/main.js:5:6'), { file: '/app/main.js', line: 5, column: 6 })
  t.strictSame(at('async Object.<anonymous> (/app/with (brackets)/main.js:5:6)'), { file: '/app/with (brackets)/main.js', line: 5, column: 6 })
  t.strictSame(at(String.raw`load (C:\app\main.js:5:6)`), { file: String.raw`C:\app\main.js`, line: 5, column: 6 })
  t.strictSame(at('load (file:///app/%E0%A4%A.js:5:6)'), { file: 'file:///app/%E0%A4%A.js', line: 5, column: 6 })
  t.equal(at('process.processTicksAndRejections (node:internal/process/task_queues:104:5)', 'new Promise (<anonymous>)', 'eval (eval at x (/app/a.js:1:1), <anonymous>:1:1)'), null)
})
