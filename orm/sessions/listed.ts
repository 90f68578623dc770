import type { EntityName, EntityRepository, GetRepository, InferEntity } from '@mikro-orm/core'
import type { AbstractSqlDriver, SqlEntityManager, SqlEntityRepository } from '@mikro-orm/sql'
import type { WriteMethod } from './guards.ts'

type List = readonly unknown[]

/** A repository of a readonly session: refused are the methods that write. */
export type ReadonlyRepository<R> = R & { readonly [K in Extract<WriteMethod, keyof EntityRepository<object>>]: never }

/** What an argument of `repo()` would have to be that is none of the entities of the engine. */
export interface NotAnEntityOf<Engine extends string> {
  /** What to do; the engine's name. */
  readonly "add it to the 'entities' of the engine": Engine
}

/** What an entity holds, without what it can do: by its methods nobody tells it from another one, and they may call `repo()` themselves. */
// oxlint-disable-next-line typescript/no-unsafe-function-type -- whatever can be called
type Held<T> = { [K in keyof T as T[K] extends Function ? never : K]: T[K] }

/**
 * True for an entity of the list, never for another one. Of a list that is no tuple the compiler drops each class that has all that another one has: there the smaller
 * one stands for both.
 */
type Listed<T, Entities extends List> =
  number extends Entities['length'] ? (Held<T> extends Held<InferEntity<Entities[number]>> ? true : never) : IsOneOf<T, InferEntity<Entities[number]>>

/** A union does not change by one of its own: of most entities the compiler knows by that, and has not to look at the whole list for each. */
type IsOneOf<T, E> = Same<T | E, E> extends true ? true : OneOf<Held<T>, E>
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- two conditional types are the same only where what they look for is
type Same<A, B> = (<G>() => G extends A ? 1 : 2) extends <G>() => G extends B ? 1 : 2 ? true : false

type OneOf<H, E> = E extends unknown ? (H extends Held<E> ? (Held<E> extends H ? true : never) : never) : never

/** What an argument of `repo()` must be beside an entity's class or schema. */
type EntityOf<T, Entities extends List, Engine extends string> = [Listed<T, Entities>] extends [never] ? NotAnEntityOf<Engine> : unknown

/** An EntityManager whose `repo()` takes the entities of its engine's list alone. An interface, because `Omit` would drop MikroORM's private members. */
export interface ListedManager<D extends AbstractSqlDriver, Entities extends List, Engine extends string> extends SqlEntityManager<D> {
  /** The repository of an entity that the engine lists. */
  repo<T extends object, R extends EntityRepository<T> = SqlEntityRepository<T>>(entity: EntityName<T> & EntityOf<T, Entities, Engine>): GetRepository<T, R>
}

/** The same of a readonly engine. */
export interface ReadonlyListedManager<D extends AbstractSqlDriver, Entities extends List, Engine extends string> extends SqlEntityManager<D> {
  /** The repository of an entity that the engine lists, without what writes. */
  repo<T extends object, R extends EntityRepository<T> = SqlEntityRepository<T>>(entity: EntityName<T> & EntityOf<T, Entities, Engine>): ReadonlyRepository<GetRepository<T, R>>
}

/** Where MikroORM's own types look for the entities: kysely's tables are typed by them. */
export interface WithEntities<Entities> {
  '~entities'?: Entities
}

/** What the driver's EntityManager, or the application's own, has of its own. */
type Further<EM> = Omit<EM, keyof SqlEntityManager>

/** Where it is no less than what it stands for: a class of the application may have private members, which nothing else has. */
type InPlaceOf<EM, Checked> = Checked extends EM ? Checked : EM

type HasList<Entities> = Entities extends List ? ([Entities[number]] extends [never] ? false : [Extract<Entities[number], string>] extends [never] ? true : false) : false

/**
 * The EntityManager type of an engine, with a `repo()` that takes only what is in its list of entities; where it has none, or one with paths of files, and where the
 * EntityManager is not one for SQL, as it is.
 */
export type WithRepo<EM, Entities, Engine extends string, Readonly extends boolean> =
  HasList<Entities> extends false ? EM
  : [Entities, EM] extends [infer L extends List, SqlEntityManager<infer D>] ?
    InPlaceOf<EM, (Readonly extends true ? ReadonlyListedManager<D, L, Engine> : ListedManager<D, L, Engine>) & Further<EM> & WithEntities<L>>
  : EM
