import type { EntityManager } from '@mikro-orm/core'
import type { FastifyInstance } from 'fastify'
import { Group } from '../entities/group.ts'

/**
 * What the documentation of pyramid_sqlassist showed first: "this should fail, assuming reader can't write". Here the mistake is made by
 * a function that takes any EntityManager; `request.dbSession.reader.persist(...)` itself does not compile.
 */
export async function mistakeRoutes(app: FastifyInstance): Promise<void> {
  app.post('/mistake', async (request) => {
    await save(request.dbSession.reader)
    return { written: true }
  })
}

async function save(em: EntityManager): Promise<void> {
  await em.persist(new Group('Test Case 1', 'written through the reader')).flush()
}
