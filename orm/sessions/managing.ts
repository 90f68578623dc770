import { CallMark } from './call-mark.ts'

const managing = new CallMark()

/** Calls a method of a session for the manager of its transaction, whom the session does not refuse. */
export const asManager = <T>(call: () => T): T => managing.around(call)

/** Whether the manager of a transaction is the caller. */
export const isManager = (): boolean => managing.isSet
