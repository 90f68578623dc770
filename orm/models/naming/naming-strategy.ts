import { type Configuration, type MetadataStorage, type NamingStrategy, type Options, UnderscoreNamingStrategy } from '@mikro-orm/core'
import type { ConstraintKind, NamingConvention } from './convention.ts'
import { NameBook } from './name-book.ts'

type NamingStrategyClass = NonNullable<Options['namingStrategy']>
type NameType = Parameters<NamingStrategy['indexName']>[2]

const KINDS: Readonly<Partial<Record<NameType, ConstraintKind>>> = { index: 'ix', unique: 'uq', check: 'ck', foreign: 'fk', primary: 'pk' }

/** By class, because MikroORM makes the instances, and may make them again. */
const books = new WeakMap<NamingStrategyClass, NameBook>()

/**
 * A naming strategy that names constraints by a convention, and tables and columns as another one does.
 *
 * MikroORM does not say which table a foreign key refers to, nor which other indexes there are. So the names are planned when the model
 * is known, and looked up here.
 *
 * @param Base - names everything else: tables, columns, sequences, triggers
 */
export function conventionStrategy(convention: NamingConvention, Base: NamingStrategyClass = UnderscoreNamingStrategy): NamingStrategyClass {
  const book = new NameBook(convention)
  // MikroORM keeps services by the name of their class: the name must not be that of another service.
  class SqlAssistNamingStrategy extends Base {
    override indexName(table: string, columns: string[], type: NameType): string {
      const kind = KINDS[type]
      // A sequence has the name that PostgreSQL gives it.
      return kind === undefined ? super.indexName(table, columns, type) : book.nameOf(kind, table, columns)
    }
  }
  books.set(SqlAssistNamingStrategy, book)
  return SqlAssistNamingStrategy
}

/** Tells the naming strategy of a MikroORM, if it is one of ours, what the model is. */
export function learnNames(metadata: MetadataStorage, config: Configuration): void {
  const strategy = config.get('namingStrategy')
  if (strategy !== undefined) books.get(strategy)?.learn(metadata, config)
}
