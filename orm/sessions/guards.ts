import type { EntityManager } from '@mikro-orm/core'
import { EntitySchema, Utils } from '@mikro-orm/core'
import { EntityUnknownError, ReadonlyEngineError } from '../errors.ts'
import { sessionStateOf } from './binding.ts'
import { assertOwn, entitiesIn } from './ownership.ts'

/** The methods that a readonly session refuses, also in its type. */
export type WriteMethod =
  | 'persist' | 'remove' | 'flush' | 'tryFlush'
  | 'insert' | 'insertMany' | 'upsert' | 'upsertMany' | 'nativeUpdate' | 'nativeDelete'
  | 'persistAndFlush' | 'removeAndFlush'

/** Those of them that are refused whatever they are given; `flush` and `tryFlush` have nothing to refuse while nothing has changed. */
const REFUSED_ON_READONLY = [
  'persist', 'remove', 'insert', 'insertMany', 'upsert', 'upsertMany', 'nativeUpdate', 'nativeDelete', 'clone',
] as const

/** Methods of an EntityManager whose first argument is an entity's class, schema or name, or an entity, or several of these. */
const SUBJECT_FIRST = [
  'find', 'findOne', 'findOneOrFail', 'findAndCount', 'findAll', 'findByCursor', 'stream', 'count', 'countBy',
  'create', 'map', 'getReference', 'getRepository', 'createQueryBuilder',
  'insert', 'insertMany', 'upsert', 'upsertMany', 'nativeUpdate', 'nativeDelete', 'clone',
  'persist', 'remove', 'assign', 'refresh', 'refreshOrFail', 'lock', 'populate',
] as const

type AnyMethod = (this: EntityManager, ...args: unknown[]) => unknown

/**
 * Puts the guards in front of the inherited methods of a session class. They are put there by table and not one by one,
 * because an override in TypeScript would have to repeat each of MikroORM's signatures, which move from release to release.
 */
export function installGuards(prototype: EntityManager): void {
  for (const name of SUBJECT_FIRST) wrapMethod(prototype, name, guardSubject)
  for (const name of REFUSED_ON_READONLY) wrapMethod(prototype, name, guardReadonly)
}

function wrapMethod(prototype: EntityManager, name: string, guard: (em: EntityManager, subject: unknown, method: string) => void): void {
  const methods = prototype as unknown as Record<string, AnyMethod | undefined>
  const inherited = methods[name]
  if (inherited === undefined) return // not every driver's EntityManager has a query builder
  const guarded: AnyMethod = function (...args) {
    guard(this, args[0], name)
    return inherited.apply(this, args)
  }
  Object.defineProperty(guarded, 'name', { value: name })
  Object.defineProperty(prototype, name, { value: guarded, writable: true, configurable: true })
}

function guardReadonly(em: EntityManager, _subject: unknown, method: string): void {
  const state = sessionStateOf(em)
  if (state === undefined) return
  state.assertOpen()
  if (state.engine.readonly) throw new ReadonlyEngineError(state.engine.name, `${method}()`)
}

function guardSubject(em: EntityManager, subject: unknown): void {
  const state = sessionStateOf(em)
  if (state === undefined) return
  state.assertOpen()
  if (typeof subject === 'function' || typeof subject === 'string' || EntitySchema.is(subject)) {
    assertKnown(em, subject as NamedEntity)
    return
  }
  for (const entity of entitiesIn(subject)) {
    assertKnown(em, entity.constructor as NamedEntity)
    assertOwn(entity, state)
  }
}

type NamedEntity = string | (abstract new (...args: never[]) => object) | EntitySchema

/** Refuses a class that the engine has no metadata of, where MikroORM answers with a TypeError from its inside. */
export function assertKnown(em: EntityManager, entity: NamedEntity): void {
  const metadata = em.getMetadata()
  const known =
    typeof entity === 'string' ? metadata.find(entity as never) !== undefined
    : EntitySchema.is(entity) ? metadata.has(entity.meta.class as never)
    : metadata.has(entity as never)
  if (!known) throw new EntityUnknownError(Utils.className(entity as never), sessionStateOf(em)?.engine.name ?? 'default')
}
