// Ways of a request to hand on what it has written.
import type { EntityManager } from '@mikro-orm/postgresql'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Item } from '../../consistency/service/item.ts'

/** The container of a request, as these tests use it. */
export interface Sessions {
  readonly reader: EntityManager
  readonly writer: EntityManager
  readonly any: EntityManager
  readonly transaction: { afterCommit(hook: (sessions: Sessions) => Promise<void>): void }
  $token(): Promise<string | undefined>
}

export const sessionsOf = (request: FastifyRequest): Sessions => request.dbSession as unknown as Sessions

export const JOB_PATHS = ['/after-commit', '/beside', '/after-transaction'] as const

/** @param tokens - where the jobs go */
export function addJobs(app: FastifyInstance, tokens: (string | undefined)[]): void {
  const inTransaction = { config: { sqlassist: { transaction: 'request' } } } as const
  app.post('/after-commit', inTransaction, async (request) => {
    await persist(request)
    sessionsOf(request).transaction.afterCommit(async (sessions) => void tokens.push(await sessions.$token()))
    return {}
  })
  app.post('/beside', inTransaction, async (request) => {
    await persist(request)
    sessionsOf(request).transaction.afterCommit(async () => void tokens.push(await sessionsOf(request).$token()))
    return {}
  })
  app.post('/after-transaction', async (request) => {
    await sessionsOf(request).writer.transactional(async (em) => await em.insert(Item, itemOf(request)))
    tokens.push(await sessionsOf(request).$token())
    return {}
  })
}

const itemOf = ({ body }: FastifyRequest): { id: number; value: number } => ({ ...(body as { id: number }), value: 7 })

async function persist(request: FastifyRequest): Promise<void> {
  const { writer } = sessionsOf(request)
  await writer.persist(writer.create(Item, itemOf(request))).flush()
}
