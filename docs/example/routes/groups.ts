import type { FastifyInstance } from 'fastify'
import { Group } from '../entities/group.ts'
import { byId, groupSchema, type Id, newGroupSchema } from './schemas.ts'

interface NewGroup {
  readonly name: string
  readonly description: string
}

export async function groupRoutes(app: FastifyInstance): Promise<void> {
  app.get('/groups', { schema: { response: { 200: { type: 'array', items: groupSchema } } } }, async (request) => {
    return await request.dbSession.reader.find(Group, {}, { orderBy: { name: 'asc' }, populate: ['members'] })
  })

  app.get<{ Params: Id }>('/groups/:id', { schema: { params: byId, response: { 200: groupSchema } } }, async (request) => {
    return await request.dbSession.reader.findOneOrFail(Group, request.params.id, { populate: ['members'] })
  })

  app.post<{ Body: NewGroup }>('/groups', { schema: { body: newGroupSchema, response: { 201: groupSchema } } }, async (request, reply) => {
    const { name, description } = request.body
    const group = new Group(name, description)
    await request.dbSession.writer.persistAndFlush(group)
    return await reply.code(201).send(group)
  })
}
