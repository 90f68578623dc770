// Names, reflection and migrations: what their options may hold, and what comes of them.
import type { EntityManager } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/sqlite'
import { DeclaredTable, defineEngines, type EngineOptions, NAMING_CONVENTION, type NamingConvention, sqlAssistConfig, UtilityObject } from 'fastify-sqlassist'
import { cliConfigs, type Engine, type NamingConventionOption, type ReflectedTables, reflectTables } from 'fastify-sqlassist/orm'
import { describe, expect, test } from 'tstyche'

const config = defineConfig({ dbName: 'app.sqlite' })
declare const engine: Engine
declare const em: EntityManager

describe('names', () => {
  test('are patterns by kind', () => {
    expect(NAMING_CONVENTION).type.toBe<NamingConvention>()
    expect<keyof NamingConvention>().type.toBe<'ix' | 'uq' | 'ck' | 'fk' | 'pk'>()
    expect<NamingConventionOption>().type.toBe<Partial<NamingConvention> | false>()
    // @ts-expect-error! -- the table is frozen
    NAMING_CONVENTION.ix = 'index_{table}'
  })
  test('are an option of an engine', () => {
    expect({ config, namingConvention: { ix: '{table}_{columns}_idx' } }).type.toBeAssignableTo<EngineOptions>()
    expect({ config, namingConvention: false as const }).type.toBeAssignableTo<EngineOptions>()
    expect(sqlAssistConfig).type.toBeCallableWith('writer', config, { namingConvention: false })
    // @ts-expect-error! -- false or patterns
    defineEngines({ writer: { config, namingConvention: true } })
    // @ts-expect-error! -- no such kind
    defineEngines({ writer: { config, namingConvention: { index: 'ix_{table}' } } })
    // @ts-expect-error! -- a pattern is text
    defineEngines({ writer: { config, namingConvention: { ix: () => 'ix' } } })
  })
  test('of checks are a choice of the entity', () => {
    expect(DeclaredTable.checkNames).type.toBe<'convention' | 'exact'>()
    class Legacy extends DeclaredTable {
      static override readonly checkNames = 'exact'
    }
    expect(Legacy.checkNames).type.toBe<'exact'>()
    // @ts-expect-error! -- no such choice
    class Wrong extends DeclaredTable {
      static override readonly checkNames = 'mine'
    }
    expect<Wrong>().type.toBeAssignableTo<DeclaredTable>()
  })
})

describe('reflection', () => {
  test('takes names and patterns', () => {
    expect(reflectTables).type.toBeCallableWith(engine)
    expect(reflectTables).type.toBeCallableWith({ name: 'legacy', orm: engine.orm }, { schemas: ['public'], take: ['film', /^a/], skip: [/^tmp_/] })
    // @ts-expect-error! -- a list
    void reflectTables(engine, { take: 'film' })
    // @ts-expect-error! -- a list of names
    void reflectTables(engine, { schemas: [/public/] })
    // @ts-expect-error! -- a class
    void reflectTables(engine, { base: 'UtilityObject' })
    // @ts-expect-error! -- no such option
    void reflectTables(engine, { only: ['film'] })
  })
  test('gives classes with the statics of their base', async () => {
    const tables = await reflectTables(engine, { base: UtilityObject })
    const Film = tables.get('film')
    await em.findOneOrFail(Film, { title: 'x' })
    await Film.getById(em, 1)
    await Film.getByColumnLower(em, 'title', 'x')
    await Film.getRange(em, { orderCol: 'title', where: { length: { $gt: 90 } } })
    // @ts-expect-error! -- no session
    await Film.getById(1)
    // @ts-expect-error! -- no such option
    await Film.getRange(em, { limt: 5 })
    expect({ ...config, entities: tables.entities, schemaGenerator: tables.schemaGenerator }).type.toBeAssignableTo<NonNullable<EngineOptions['config']>>()
    const plain = await reflectTables(engine)
    expect(plain).type.toBe<ReflectedTables<typeof DeclaredTable>>()
    expect(plain.get('film')).type.not.toHaveProperty('getById')
  })
})

describe('migrations', () => {
  test('are an option of an engine', () => {
    for (const migrate of [true, false, { path: 'migrations', lockTimeoutMs: 1000 }]) expect({ config, migrate }).type.toBeAssignableTo<EngineOptions>()
    // @ts-expect-error! -- true, false or options
    defineEngines({ writer: { config, migrate: 'yes' } })
    // @ts-expect-error! -- milliseconds
    defineEngines({ writer: { config, migrate: { lockTimeoutMs: '5s' } } })
  })
  test('and the configurations of the command line come of the same engines', () => {
    const engines = defineEngines({ writer: { config, migrate: true, default: true }, reader: { config, readonly: true } })
    expect(cliConfigs).type.toBeCallableWith(engines)
    expect(cliConfigs).type.toBeCallableWith(new Map([['writer', { config }]]))
    expect(cliConfigs).type.not.toBeCallableWith([config])
    expect(cliConfigs).type.not.toBeCallableWith({ writer: { confg: config } })
  })
})
