import { type EntityManager, helper, Utils } from '@mikro-orm/core'
import { ReadonlyEngineError } from '../errors.ts'

/** Query nodes of kysely that write. Raw SQL is not among them: nobody but the database can tell what it does. */
const WRITING_NODE = /^(?:Insert|Update|Delete|Merge)QueryNode$|^(?:Create|Alter|Drop|Refresh)\w+Node$/

/** The part of a kysely plugin that we implement; declared here, so that `./orm` does not depend on kysely's types. */
interface KyselyPlugin {
  transformQuery(args: { node: { kind: string } }): { kind: string }
  transformResult(args: { result: unknown }): Promise<unknown>
}

/** A kysely plugin that refuses to build anything but reads. */
export function readonlyKyselyPlugin(engine: string): KyselyPlugin {
  return {
    transformQuery({ node }) {
      if (WRITING_NODE.test(node.kind)) throw new ReadonlyEngineError(engine, `a kysely ${node.kind.replace(/(?:Query)?Node$/, '')}`)
      return node
    },
    transformResult: async ({ result }) => result,
  }
}

/** Shadows the writing methods of one QueryBuilder. A clone of it gets past this, and then the database refuses. */
export function refuseWritingQueryBuilder<T extends object>(builder: T, engine: string): T {
  for (const method of ['insert', 'update', 'delete', 'truncate', 'upsert']) {
    if (!(method in builder)) continue
    const refuse = (): never => {
      throw new ReadonlyEngineError(engine, `${method}() of a query builder`)
    }
    Object.defineProperty(builder, method, { value: refuse, configurable: true })
  }
  return builder
}

/** What PostgreSQL (25006), SQLite (`SQLITE_READONLY*`) and MikroORM (ReadOnlyException) say when a write reached a read-only database. */
export function isDatabaseReadonlyError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as Error & { code?: unknown }
  return code === '25006' || (typeof code === 'string' && code.startsWith('SQLITE_READONLY')) || error.name === 'ReadOnlyException'
}

/**
 * The first managed entity that differs from its row, without touching the unit of work: computing change sets would take the new
 * values for the saved ones, and a second flush would find nothing.
 */
export function firstChanged(em: EntityManager): object | undefined {
  const unitOfWork = em.getUnitOfWork(false)
  const comparator = em.getComparator()
  for (const entity of unitOfWork.getIdentityMap()) {
    const wrapped = helper(entity as object)
    const original = wrapped.__originalEntityData
    if (!wrapped.__initialized || original === undefined) continue
    const difference = comparator.diffEntities(entity.constructor as never, original, comparator.prepareEntity(entity as never))
    if (Utils.getObjectKeysSize(difference) > 0) return entity as object
    for (const property of wrapped.__meta.relations) {
      const value = (entity as Record<string, unknown>)[property.name]
      if (Utils.isCollection(value) && value.isDirty()) return entity as object
    }
  }
  return undefined
}
