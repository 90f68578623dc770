import type { QueryStartEvent } from './events.ts'

const refusals = new WeakMap<QueryStartEvent, Error>()

/** Keeps a statement from being sent, while it is told that it is about to be: whoever sends it gets the error, as from a statement that fails. */
export function refuse(event: QueryStartEvent, error: Error): void {
  refusals.set(event, error)
}

/** Why a statement is not to be sent; undefined where nobody has refused it. */
export const refusalOf = (event: QueryStartEvent): Error | undefined => refusals.get(event)
