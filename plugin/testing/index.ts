// The public names of fastify-sqlassist/testing.
export { rollbackAfterEach, type RollbackOptions } from './rollback-after-each.ts'
export type { Tested, TestedApplication } from './application.ts'
export type { LastHook, TestHook, TestHooks } from './test-hooks.ts'
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './database/create-test-database.ts'
export type { TestTemplate } from './database/template.ts'
