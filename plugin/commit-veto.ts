import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Says whether a transaction is to be aborted although nothing has failed, from what is going to be answered. It must not change
 * anything, and is not awaited.
 *
 * @returns true to abort
 */
export type CommitVeto = (request: FastifyRequest, reply: FastifyReply) => boolean

/** The first status that is a client's or a server's error (RFC 9110, 15). */
const FIRST_ERROR_STATUS = 400

/**
 * What decides where no `commitVeto` is given: a reply header `x-tm` of `commit` or `abort`, else the status: 4xx and 5xx are not committed. The header and the rule
 * are those of pyramid_tm.
 */
export const defaultCommitVeto: CommitVeto = (_request, reply) => {
  const header = reply.getHeader('x-tm')
  return header === undefined ? reply.statusCode >= FIRST_ERROR_STATUS : header !== 'commit'
}
