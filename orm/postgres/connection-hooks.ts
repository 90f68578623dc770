import type { Options } from '@mikro-orm/core'
import { GIVE_BACK } from './guarded-client.ts'

type Hook = NonNullable<Options['onReserveConnection']>

/** kysely's connection, as its hooks are given it. */
interface HookedConnection {
  executeQuery(query: { sql: string; parameters: readonly unknown[] }): Promise<unknown>
}

/** The application's connection hooks; where one throws, the connection goes back, and kysely alone would lose it. */
export function givingBack({ onCreateConnection, onReserveConnection }: Partial<Options>): Pick<Partial<Options>, 'onCreateConnection' | 'onReserveConnection'> {
  return {
    ...(onCreateConnection === undefined ? {} : { onCreateConnection: guarded(onCreateConnection) }),
    ...(onReserveConnection === undefined ? {} : { onReserveConnection: guarded(onReserveConnection) }),
  }
}

function guarded(hook: Hook): Hook {
  return async (connection) => {
    try {
      await hook(connection)
    } catch (error) {
      await (connection as HookedConnection).executeQuery({ sql: GIVE_BACK, parameters: [] })
      throw error
    }
  }
}
