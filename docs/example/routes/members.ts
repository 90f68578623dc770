import type { FastifyInstance } from 'fastify'
import { Group, Member } from '../entities/group.ts'
import { byId, type Id, memberSchema, mergeSchema, newMemberSchema } from './schemas.ts'

interface NewMember {
  readonly name: string
  readonly email: string
}

/** The room is not larger. */
const MOST_MEMBERS = 12

export async function memberRoutes(app: FastifyInstance): Promise<void> {
  app.post<{ Params: Id; Body: NewMember }>(
    '/groups/:id/members',
    { schema: { params: byId, body: newMemberSchema, response: { 201: memberSchema } } },
    async (request, reply) => {
      const { writer } = request.dbSession
      const { name, email } = request.body
      const group = await writer.findOneOrFail(Group, request.params.id)
      const member = new Member(group, name, email)
      await writer.persistAndFlush(member)
      return await reply.code(201).send(member)
    },
  )

  // Several statements that happen together or not at all: whatever is thrown in here undoes all of them.
  app.post<{ Params: Id; Body: { into: number } }>('/groups/:id/merge', { schema: { params: byId, body: mergeSchema } }, async (request) => {
    const { writer } = request.dbSession
    return await writer.transactional(async () => {
      const source = await writer.findOneOrFail(Group, request.params.id)
      const target = await writer.findOneOrFail(Group, request.body.into)
      if (source === target) throw Object.assign(new Error('A group cannot be merged into itself'), { statusCode: 400 })
      const moved = await writer.nativeUpdate(Member, { group: source }, { group: target })
      const members = await writer.count(Member, { group: target })
      if (members > MOST_MEMBERS) throw Object.assign(new Error(`${target.name} has no room for ${members} members`), { statusCode: 409 })
      await writer.removeAndFlush(source)
      return { moved, members }
    })
  })
}
