import { ownStatement } from '../events/watch-query.ts'
import { JoinedStreamError } from '../errors.ts'
import type { GuardedClient } from './client-types.ts'
import type { PgClient } from './pg.ts'
import { kindOf } from './statement-kind.ts'
import { isSubmittable } from './watch-client.ts'

/** A savepoint's own, so that the transaction around it may write again: PostgreSQL gives each its own mode, and takes it back with the savepoint. */
const BEGIN = ownStatement('savepoint sqlassist_joined; set transaction read only')
const COMMIT = ownStatement('release savepoint sqlassist_joined')
const ROLLBACK = ownStatement('rollback to savepoint sqlassist_joined; release savepoint sqlassist_joined')

/**
 * A connection for a session that reads in the transaction of another one: statements go to that one's connection, each in a savepoint that may not write. Kysely is
 * given it like any other, and gives it back.
 */
export function joinedClient(client: GuardedClient): PgClient {
  const joined = new JoinedClient(client)
  return new Proxy(client, {
    get(target, name) {
      const own: unknown = Reflect.get(joined, name)
      if (own !== undefined) return typeof own === 'function' ? own.bind(joined) : own
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
    set: () => true, // pg's pool hands connections out by setting `release`; nobody hands out this one
  })
}

class JoinedClient {
  readonly #client: GuardedClient

  constructor(client: GuardedClient) {
    this.#client = client
  }

  /** @throws JoinedStreamError at once: whoever has asked for a cursor waits for no promise */
  query(...args: unknown[]): Promise<unknown> {
    const [statement] = args
    const text = typeof statement === 'string' ? statement : (statement as { readonly text?: unknown }).text
    if (typeof text !== 'string' || isSubmittable(statement)) throw new JoinedStreamError()
    return this.#query(text, args)
  }

  async #query(text: string, args: readonly unknown[]): Promise<unknown> {
    const kind = kindOf(text)
    if (kind === 'begin' || kind === 'commit' || kind === 'rollback') return { command: kind.toUpperCase(), rows: [] } // of what only reads, nothing is to be undone
    // Nothing of the other session may come in between: it would not be allowed to write.
    return await this.#client.exclusively(async (ask) => {
      await ask(BEGIN)
      try {
        const answer = await ask(...args)
        await ask(COMMIT)
        return answer
      } catch (error) {
        await ask(ROLLBACK)
        throw error
      }
    })
  }

  /** It stays with whoever has begun the transaction. */
  release(): void {}
}
