import type { EntityManager } from '@mikro-orm/core'
import { EntitySchema, Reference, Utils } from '@mikro-orm/core'
import { EntityUnknownError, ReadonlyEngineError } from '../errors.ts'
import { bindingOf, sessionStateOf } from './binding.ts'
import { loosen } from './adoption.ts'
import { assertOwn, entitiesIn, holds } from './ownership.ts'
import { isPromising, returnsPromise } from './promising.ts'

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

/** The same, but an entity of another session is welcome: `merge()` hands it over. */
const KNOWN_FIRST = ['merge', 'canPopulate'] as const

/** Methods that take an entity as data too, after its class, and write it past the unit of work. */
const WRITES_DIRECTLY: ReadonlySet<string> = new Set(['insert', 'insertMany', 'upsert', 'upsertMany'])

/** Further methods that MikroORM runs on the EntityManager of the context piece by piece, past what a session adds to them. */
const HANDED_OVER = [
  'flush', 'tryFlush', 'transactional', 'begin', 'commit', 'rollback', 'execute', 'getKysely', 'persistAndFlush', 'removeAndFlush',
] as const

type AnyMethod = (this: EntityManager, ...args: unknown[]) => unknown

/**
 * Puts the guards in front of the inherited methods of a session class. They are put there by table and not one by one,
 * because an override in TypeScript would have to repeat each of MikroORM's signatures, which move from release to release.
 */
export function installGuards(prototype: EntityManager): void {
  for (const name of SUBJECT_FIRST) wrapMethod(prototype, name, guardSubject)
  for (const name of REFUSED_ON_READONLY) wrapMethod(prototype, name, guardReadonly)
  for (const name of KNOWN_FIRST) wrapMethod(prototype, name, guardKnown)
  for (const name of HANDED_OVER) wrapMethod(prototype, name, () => {})
}

function wrapMethod(prototype: EntityManager, name: string, guard: (em: EntityManager, subject: unknown, method: string, data: unknown) => void): void {
  const methods = prototype as unknown as Record<string, AnyMethod | undefined>
  const inherited = methods[name]
  if (inherited === undefined) return // not every driver's EntityManager has a query builder
  const call: AnyMethod = function (...args) {
    const em = name === 'getRepository' ? this : sessionBehind(this)
    if (isOneShot(args[0])) args[0] = [...args[0]] // looked at here, it would be empty for MikroORM
    guard(em, args[0], name, args[1])
    return inherited.apply(em, args)
  }
  // What returns a promise rejects it, and does not throw.
  const guarded: AnyMethod = !isPromising(inherited) ? call : returnsPromise(function (...args) {
    try {
      return call.apply(this, args)
    } catch (error) {
      return Promise.reject(error)
    }
  })
  Object.defineProperty(guarded, 'name', { value: name })
  Object.defineProperty(prototype, name, { value: guarded, writable: true, configurable: true })
}

/**
 * The session that an application's global EntityManager stands for in a request (option `requestContext`): what is called on the one
 * is done by the other. A repository is not handed over: the application may keep it.
 */
function sessionBehind(em: EntityManager): EntityManager {
  if (bindingOf(em) !== undefined) return em
  const behind = em.getContext(false)
  return bindingOf(behind) === undefined ? em : behind
}

const isOneShot = (subject: unknown): subject is Iterator<unknown> & Iterable<unknown> =>
  typeof subject === 'object' && subject !== null && Symbol.iterator in subject && typeof (subject as { next?: unknown }).next === 'function'

function guardReadonly(em: EntityManager, subject: unknown, method: string): void {
  const state = sessionStateOf(em)
  if (state === undefined) return
  state.assertOpen()
  if (method === 'persist' && isPopulating(em, subject)) return
  if (state.engine.readonly) throw new ReadonlyEngineError(state.engine.name, `${method}()`)
  state.wrote = true
}

/** MikroORM itself persists, as an array, the rows that it has loaded into a collection; flush() finds nothing to write in them. */
function isPopulating(em: EntityManager, subject: unknown): boolean {
  return Array.isArray(subject) && entitiesIn(subject).every((entity) => holds(em.getContext(false), entity))
}

function guardSubject(em: EntityManager, subject: unknown, method: string, data: unknown): void {
  guardKnown(em, subject, method)
  const state = sessionStateOf(em)
  if (state === undefined) return
  const direct = WRITES_DIRECTLY.has(method)
  if (!direct && isName(subject)) return // a read: no entity is handed over
  const manager = em.getContext(false)
  for (const entity of entitiesIn(isName(subject) ? data : subject)) {
    assertOwn(entity, manager)
    if (direct) loosen(entity, manager)
  }
}

function guardKnown(em: EntityManager, subject: unknown, method: string): void {
  const state = sessionStateOf(em)
  if (state === undefined) return
  state.assertOpen()
  if (isName(subject)) return assertKnown(em, subject)
  if (method === 'createQueryBuilder') return // a query builder, as a subquery
  for (const item of Utils.asArray(subject as object)) {
    const entity: unknown = Reference.unwrapReference(item as never)
    if (Utils.isEntity(entity) || isInstance(entity)) assertKnown(em, entity.constructor as NamedEntity)
  }
}

const isName = (subject: unknown): subject is NamedEntity => typeof subject === 'function' || typeof subject === 'string' || EntitySchema.is(subject)

/** An object of some class, which may be one that no MikroORM has ever seen. */
const isInstance = (item: unknown): item is object => typeof item === 'object' && item !== null && Utils.isPlainObject(item) === false

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
