import type { Connection } from '@mikro-orm/core'
import { startInSession } from './running.ts'
import type { SessionState } from './state.ts'

const connections = new WeakMap<SessionState, WeakMap<Connection, Connection>>()

/** The driver's connection as a session hands it out: it ends with the session, and what runs on it runs for the session. */
export function sessionConnection(connection: Connection, state: SessionState): Connection {
  let known = connections.get(state)
  if (known === undefined) connections.set(state, (known = new WeakMap()))
  let tied = known.get(connection)
  if (tied === undefined) known.set(connection, (tied = tie(connection, state)))
  return tied
}

function tie(connection: Connection, state: SessionState): Connection {
  return new Proxy(connection, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        state.assertOpen()
        return startInSession(state, () => member.apply(target, args) as unknown)
      }
    },
  })
}
