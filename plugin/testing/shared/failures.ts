import type { Failure } from '../wire/messages.ts'

/** What the server says when it stops a statement. */
export const CANCELED = '57014'

/** The server's own words have gone on their way. */
export const ALREADY_SENT: Failure = { code: '', message: '' }

export const SPOILT: Failure = { code: '25P02', message: 'current transaction is aborted, commands ignored until end of transaction block' }

export const NO_TWO_PHASE: Failure = { code: '0A000', message: 'fastify-sqlassist/testing: there is no two-phase commit in a test that is rolled back' }

export const UNTOLD: Failure = { code: '0A000', message: 'fastify-sqlassist/testing: a transaction is begun and ended by a statement without parameters, not by a prepared one' }

/** Errors of ours are told as the server tells its own. */
export async function unlessOurs(work: () => Promise<Failure | undefined>): Promise<Failure | undefined> {
  try {
    return await work()
  } catch (error) {
    const { code = '', message } = error as { readonly code?: string; readonly message: string }
    if (!code.startsWith('SQLASSIST_') && code !== CANCELED) throw error
    return { code, message }
  }
}
