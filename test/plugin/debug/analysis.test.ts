// Where repeated queries come from, by the names that the entities have; and callers, by the look of stacks.
import { Collection } from '@mikro-orm/core'
import { Entity, ManyToMany, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/es'
import { MikroORM } from '@mikro-orm/sqlite'
import t from 'tap'
import { queryShapeOf } from '../../../orm/sql/query-shape.ts'
import { type Lookup, queryOf, valuesOf } from '../../../orm/n-plus-one/lookup.ts'
import { suspicionsOf } from '../../../orm/n-plus-one/suspicions.ts'
import { followed } from '../../../orm/n-plus-one/relation.ts'
import { callerIn } from '../../../orm/caller.ts'

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
  const found = shape && followed({ tables: shape.tables, key: shape.keys[0] }, orm, new Set(before))
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

const suspected = (...queries: readonly (readonly [sql: string, ...literals: string[]])[]): readonly string[] => {
  const statements = queries.map(([sql, ...literals], index) => ({ n: index + 1, engine: 'main', sql, literals }))
  return suspicionsOf([statements], statements, () => orm).map(({ text, statements: numbers }) => `${numbers.join(' ')}: ${text}`)
}

const byKey = (id: number): [string] => [`select * from tag where label <> 'x' and id = ${id} limit 1`]
const byParameter = (kind: string, id: string): [string, string, string] => ['select * from remark where kind = ? and article_id = ?', kind, id]

t.test('loops, and what only looks like one', async (t) => {
  t.match(suspected(byKey(1), byKey(2), byKey(2), byKey(3)), [/^1 2 3 4: 4 queries for Tag that differ only in id, /])
  t.match(suspected(byParameter('a', '1'), byParameter('a', '2'), byParameter('a', '3')), [/differ only in article_id, as a loop over Remark\.article/])
  t.strictSame(suspected(byKey(1), byKey(2), byKey(1), byKey(2)), [], 'two values may be chance')
  t.strictSame(suspected(['select 1 from tag where id in (1, 2)'], ['select 1 from tag where id in (3, 4)'], ['select 1 from tag where id in (5)']), [], 'lists')
  t.strictSame(suspected(...[1, 2, 3].map((id): [string] => [`select 1 from tag where id = ${id} or id = ${id + 1}`])), [], 'lists in other words')
  t.strictSame(suspected(...[0, 10, 20].map((offset): [string] => [`select * from tag where label = 'x' limit 10 offset ${offset}`])), [], 'pages')
  t.strictSame(suspected(...[0, 10, 20].map((id): [string] => [`select * from tag where id > ${id} limit 10`])), [], 'pages by the last value')
})

const values = (...parameters: unknown[]): string[] => {
  const sql = `select 1 from tag where ${parameters.map((_, index) => `c${index} = ?`).join(' and ')}`
  return valuesOf(queryOf(sql, parameters.length) as Lookup, parameters)
}

t.test('parameters are told apart by what they are', async (t) => {
  t.strictSame(values(1, 'one', null, 12n, true), ['1', 'one', 'null', '12', 'true'])
  t.strictSame(values(Buffer.from([1, 255]), new Uint8Array(1000)), ['01ff', '0'.repeat(200)])
  t.strictSame(values({ a: 1 }, [1], 'x'.repeat(1000)), ['object', 'object', 'x'.repeat(200)])
  t.not(values(new Date(0))[0], values(new Date(5000))[0])
})

const at = (...lines: string[]): unknown => callerIn({ stack: ['Error', ...lines.map((line) => `    at ${line}`)].join('\n') })

t.test('the line of the application in a stack', async (t) => {
  t.strictSame(at('publish (node:diagnostics_channel:166:9)', 'x (/app/node_modules/pg/lib/client.js:1:2)', 'async load (file:///app/src/load.js:3:4)', '/app/main.js:5:6'), { file: '/app/src/load.js', line: 3, column: 4 })
  t.strictSame(at('async /app/main.js:5:6'), { file: '/app/main.js', line: 5, column: 6 })
  t.strictSame(at('async Object.<anonymous> (/app/with (brackets)/main.js:5:6)'), { file: '/app/with (brackets)/main.js', line: 5, column: 6 })
  t.strictSame(at(String.raw`load (C:\app\main.js:5:6)`), { file: String.raw`C:\app\main.js`, line: 5, column: 6 })
  t.strictSame(at('load (file:///app/%E0%A4%A.js:5:6)'), { file: 'file:///app/%E0%A4%A.js', line: 5, column: 6 })
  t.equal(at('process.processTicksAndRejections (node:internal/process/task_queues:104:5)', 'new Promise (<anonymous>)', 'eval (eval at x (/app/a.js:1:1), <anonymous>:1:1)'), null)
})
