import type { EntityManager, EntityManagerType } from '@mikro-orm/core'
import type { TransactionManager } from '../transactions/manager.ts'
import type { WriteMethod } from './guards.ts'
import type { SessionInfo } from './info.ts'
import type { WithEntities, WithRepo } from './listed.ts'
import type { SessionStatus } from './status.ts'

/** What a session has on top of its driver's EntityManager. */
export interface SessionMembers {
  /**
   * `persist()` and `flush()` in one.
   *
   * @param entities - one, or several
   */
  persistAndFlush(entities: object | Iterable<object>): Promise<void>
  /**
   * `remove()` and `flush()` in one.
   *
   * @param entities - one, or several
   */
  removeAndFlush(entities: object | Iterable<object>): Promise<void>
  /** What the session knows of its surroundings: in a request, `{ request }`. */
  readonly info: SessionInfo
  /** The name of the engine that the session was opened on. */
  readonly engineName: string
  /** Ends this session alone, before its container ends. */
  [Symbol.asyncDispose](): Promise<void>
}

/** A session of a writable engine: the driver's own EntityManager, and {@link SessionMembers}. */
export type Session<EM extends EntityManager = EntityManager> = EM & SessionMembers

/**
 * A session of a readonly engine. An intersection with `never` members and not an `Omit`, so that it can still be handed to whatever
 * takes an EntityManager.
 */
export type ReadonlySession<EM extends EntityManager = EntityManager> = EM &
  Omit<SessionMembers, 'persistAndFlush' | 'removeAndFlush'> & { readonly [K in WriteMethod]: never }

/** The EntityManager type behind the options of one engine, among those of all. */
type ManagerOf<O, E, Name extends string> =
  O extends { readonly orm: { readonly em: infer EM extends EntityManager } } ? WithRepo<KnownOr<EM, EntityManager>, ListOf<EM['~entities']>, Name, IsReadonly<O>>
  : O extends { readonly replicas: infer R; readonly follows: infer F } ? ManagerOfConfig<Completed<FirstOf<R>, F extends keyof E ? E[F] : unknown>, Name, IsReadonly<O>>
  : O extends { readonly config: infer C } ? ManagerOfConfig<C, Name, IsReadonly<O>>
  : EntityManager

type ManagerOfConfig<C, Name extends string, Readonly extends boolean> =
  C extends { entities?: infer Entities } ? WithRepo<ConfiguredManager<C>, ListOf<Entities>, Name, Readonly> & WithEntities<ListOf<Entities>> : ConfiguredManager<C>

type ListOf<Entities> = Exclude<Entities, undefined>
type IsReadonly<O> = O extends { readonly readonly: true } ? true : false

/** What a replica does not name is as in the followed engine's config. */
type Completed<C, Followed> = Followed extends { readonly config: infer F } ? C & Omit<F, keyof C> : C
type FirstOf<R> = R extends readonly [infer C, ...unknown[]] ? C : R extends readonly (infer C)[] ? C : never

type ConfiguredManager<C> =
  C extends { entityManager?: abstract new (...args: never[]) => infer EM extends EntityManager } ? KnownOr<EM, DriversManager<C>>
  : DriversManager<C>

type DriversManager<C> =
  C extends { driver?: new (...args: never[]) => { [EntityManagerType]: infer EM extends EntityManager } } ? EM : EntityManager

/** `defineConfig()` written inside `defineEngines()` leaves `any` where its own EntityManager type should stand. */
type KnownOr<T, Fallback> = 0 extends 1 & T ? Fallback : T

type SessionOf<O, E, Name extends string> = IsReadonly<O> extends true ? ReadonlySession<ManagerOf<O, E, Name>> : Session<ManagerOf<O, E, Name>>

/**
 * The sessions that a set of engines gives, by engine name:
 *
 * ```ts
 * declare module 'fastify-sqlassist' { interface SqlAssistEngines extends EnginesOf<typeof engines> {} }
 * ```
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- of names that are computed, nothing is known
export type EnginesOf<E> = E extends Iterable<unknown> ? {} : { readonly [K in keyof E & string]: SessionOf<E[K], E, K> }

/** What is known before an application has declared its engines: the seed's three names, with nothing said of drivers or of rights. */
interface ConventionalEngines {
  readonly reader: Session
  readonly writer: Session
  readonly logger: Session
}

type Known<E extends object> = keyof E extends never ? ConventionalEngines : E
type Named<E, N extends string> = N extends keyof E ? E[N] : Session

interface ContainerMembers<E extends object> {
  /**
   * The session of an engine, opened at the first call.
   *
   * @throws EngineUnknownError for a name that is not registered; SessionClosedError after the end
   */
  get<N extends (keyof E & string) | (E extends ConventionalEngines ? (ConventionalEngines extends E ? string : never) : never)>(name: N): Named<E, N>
  /** `get('reader')` as a function that can be handed on and called later, or never. */
  readonly getReader: () => Named<E, 'reader'>
  /** `get('writer')` as a function that can be handed on and called later, or never. */
  readonly getWriter: () => Named<E, 'writer'>
  /** `get('logger')` as a function that can be handed on and called later, or never. */
  readonly getLogger: () => Named<E, 'logger'>
  /**
   * A session that is open already, in the order of `anyPreferences`, else the first preference is opened. Typed readonly, because
   * one cannot know which engine answers.
   */
  readonly any: ReadonlySession
  /** See `any`. */
  readonly getAny: () => ReadonlySession
  /** Engine name -> INIT, START or END: a frozen snapshot. An engine that was not touched stays INIT after the end. */
  readonly status: Readonly<Record<keyof E & string, SessionStatus>>
  /**
   * What this request or job has written and seen of engines with replicas, as a text for another one: `sqlassist.session({ after: token })`, in any process. Ask
   * for it when everything is committed, as in an `afterCommit` hook.
   *
   * @returns undefined where there is nothing to wait for
   */
  $token(): Promise<string | undefined>
  /** The transactions over all engines of the request or job: `begin()`, `commit()`, `abort()`, `savepoint()`, hooks. */
  readonly transaction: TransactionManager<DbSessionsContainer<E>>
  /**
   * Ends all sessions: open transactions are rolled back, connections go back, later use raises SessionClosedError. Idempotent, and
   * never rejects. In a request the plugin does it.
   */
  close(options?: { readonly aborted?: boolean; readonly stop?: boolean }): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** The sessions of one request or job, by engine name. `E` is the application's `SqlAssistEngines`. */
// oxlint-disable-next-line typescript/no-empty-object-type -- no engines declared
export type DbSessionsContainer<E extends object = {}> = ContainerMembers<Known<E>> & { readonly [K in keyof Known<E>]: Known<E>[K] }

/** The class of containers, for `containerClass`: subclass it to add members of your own. */
export interface DbSessionsContainerClass {
  // oxlint-disable-next-line typescript/no-empty-object-type -- no engines declared
  new <E extends object = {}>(setup: never): DbSessionsContainer<E>
}
