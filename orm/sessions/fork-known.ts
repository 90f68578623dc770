import { EntityManager } from '@mikro-orm/core'

/** What `fork()` of the releases that we know says of the EntityManager that it makes, and of the one that it copies. */
const FORKS_FIELDS = '#disableTransactions #filterParams #filters #flushMode #schema #sessionContext #transactionContext #unitOfWork config constructor driver eventManager getContext inflightQueryAbortStrategy loggerContext mergeSessionContext metadata setFlushMode signal'

/** Who writes those of them that cannot be read from outside. */
const WRITERS = 'addFilter clearSessionContext fork mergeSessionContext schema setFilterParams setFlushMode'

const FIELD = /\b(?:em|fork|this)\.(#?\w+)/g
const WRITES = /\.#(?:filters|filterParams|sessionContext|schema|flushMode|disableTransactions)\b(?:\[[^\]]*\])? = /

let known: boolean | undefined

/**
 * Whether `fork()` copies what it did when `SessionMaker` was written, and what it copies is written only where we look. Asked of MikroORM's own text: where
 * that is another one, or was made unreadable by a bundler, sessions are forks, as slow and as right as anywhere.
 */
export const forkIsKnown = (): boolean => (known ??= readsLikeKnown(EntityManager))

/** @param Manager - an EntityManager class */
export function readsLikeKnown(Manager: { readonly prototype: object }): boolean {
  const members = Object.getOwnPropertyDescriptors(Manager.prototype)
  const writers = Object.entries(members).flatMap(([name, member]) => (name !== 'constructor' && WRITES.test(textOf(member)) ? [name] : []))
  const fields = new Set([...String(members['fork']?.value).matchAll(FIELD)].map(([, name]) => name!))
  return writers.toSorted().join(' ') === WRITERS && [...fields].toSorted().join(' ') === FORKS_FIELDS
}

const textOf = ({ value, set }: { readonly value?: unknown; readonly set?: unknown }): string => String(value ?? set)
