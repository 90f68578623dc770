import { NotFoundError, UniqueConstraintViolationException } from '@mikro-orm/core'
import type { FastifyError, FastifyInstance } from 'fastify'

/** What a client is told when something goes wrong. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    if (error instanceof NotFoundError) return await reply.code(404).send({ error: 'There is no such thing' })
    if (error instanceof UniqueConstraintViolationException) return await reply.code(409).send({ error: 'That name or address is taken' })
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error(error)
    return await reply.code(status).send({ error: error.message, code: error.code })
  })
}
