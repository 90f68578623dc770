// Variants that several questions have in common.
import type { Variant } from '../harness/variant.ts'

export const bare: Variant = { name: 'bare', words: 'bare Fastify, no database', peer: 'none', kind: 'bare' }
export const pg: Variant = { name: 'pg', words: 'pg, pool', peer: 'pg', kind: 'peer' }
export const pgNamed: Variant = { name: 'pg-named', words: 'pg, named prepared statement', peer: 'pg-named', kind: 'peer' }
export const pgPipelined: Variant = { name: 'pg-pipelined', words: 'pg, named and pipelined over 2 connections', peer: 'pg-pipelined', kind: 'peer' }
export const postgres: Variant = { name: 'postgres', words: 'postgres (postgres.js)', peer: 'postgres', kind: 'peer' }
export const kysely: Variant = { name: 'kysely', words: 'Kysely', peer: 'kysely', kind: 'peer' }
export const drizzle: Variant = { name: 'drizzle', words: 'Drizzle', peer: 'drizzle', kind: 'peer' }
export const drizzlePrepared: Variant = { name: 'drizzle-prepared', words: 'Drizzle, prepared', peer: 'drizzle', setting: { way: 'prepared' }, kind: 'peer' }
export const typeorm: Variant = { name: 'typeorm', words: 'TypeORM', peer: 'typeorm', kind: 'peer' }
export const fork: Variant = { name: 'fork', words: 'MikroORM, fork by hand', peer: 'fork', reference: true, kind: 'mikro-orm' }
export const forkAgain: Variant = { name: 'fork-again', words: 'the same again', peer: 'fork', reference: true, kind: 'mikro-orm' }
export const requestContext: Variant = { name: 'request-context', words: 'MikroORM, RequestContext', peer: 'request-context', kind: 'mikro-orm' }

/** Of this package. */
export const ours = (name: string, words: string, setting: NonNullable<Variant['setting']> = {}): Variant => ({ name, words, peer: 'sqlassist', setting, kind: 'ours' })

/** As MikroORM itself sends everything. */
export const OFF = { fastPath: false, preparedStatements: false } as const
