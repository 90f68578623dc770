import { type Configuration, DefaultLogger, type EntityManager, type EntityName, EntitySchema } from '@mikro-orm/core'
import { EntityReader } from './entity-reader.ts'
import { isSimple } from './simple-entity.ts'

/** The entities of one MikroORM that can be read the short way. */
export class OrmReaders {
  readonly #readers = new Map<EntityName, EntityReader | false>()
  readonly #possible: boolean

  constructor(em: EntityManager) {
    this.#possible = isOrdinary(em.config, (em as unknown as { driver: object }).driver)
  }

  /** Undefined where an entity has to be read as MikroORM does it. */
  of(entity: EntityName, em: EntityManager): EntityReader | undefined {
    let reader = this.#readers.get(entity)
    if (reader === undefined) this.#readers.set(entity, (reader = this.#make(entity, em)))
    return reader === false ? undefined : reader
  }

  #make(entity: EntityName, em: EntityManager): EntityReader | false {
    const meta = this.#possible ? em.getMetadata().find<object>(EntitySchema.is(entity) ? entity.meta.class : entity) : undefined
    return meta !== undefined && isSimple(meta, em.config) && new EntityReader(meta, em)
  }
}

const known = new WeakMap<Configuration, OrmReaders>()

/** Those of the MikroORM that an EntityManager belongs to. */
export function readersOf(em: EntityManager): OrmReaders {
  let readers = known.get(em.config)
  if (readers === undefined) known.set(em.config, (readers = new OrmReaders(em)))
  return readers
}

/** What MikroORM's default for `onQuery` looks like; another function with this text does the same. */
const SENDS_AS_IT_IS = /^\(?sql\)? => sql$/

/** SQLite: {@link ShortReads} are there only where nobody else has a hand in the connection; what looks after it there is ours. */
const SQLITE = 'SqliteDriver'

/** Whether nobody but MikroORM's own driver has a part in how a statement is made, sent and told of. */
function isOrdinary(config: Configuration, driver: object): boolean {
  const logger = config.getLogger()
  const own = ['logQuery', 'isEnabled'].every((name) => Reflect.get(logger, name) === Reflect.get(DefaultLogger.prototype, name))
  return (
    (driver.constructor.name === SQLITE ? (config.get('attachDatabases') ?? []).length === 0 : driver.constructor.name === 'PostgreSqlDriver' && config.get('onCreateConnection') === undefined) &&
    // kysely's own hooks
    config.get('onReserveConnection') === undefined && config.get('sessionContext') !== 'connection' &&
    SENDS_AS_IT_IS.test(String(config.get('onQuery'))) && own &&
    (config.get('replicas') ?? []).length === 0 && !config.get('resultCache').global && config.get('disableIdentityMap') !== true
  )
}
