// What the routes accept and answer, as JSON Schema: Fastify refuses everything else with 400, and answers nothing that is not listed.

export interface Id {
  readonly id: number
}

const id = { type: 'integer', minimum: 1 }
const text = { type: 'string', minLength: 1, maxLength: 255 }
const email = { type: 'string', format: 'email' }

export const byId = { type: 'object', required: ['id'], properties: { id } }

export const memberSchema = { type: 'object', properties: { id, name: text, email } }
export const groupSchema = { type: 'object', properties: { id, name: text, description: text, members: { type: 'array', items: memberSchema } } }

export const newMemberSchema = { type: 'object', required: ['name', 'email'], additionalProperties: false, properties: { name: text, email } }
export const newGroupSchema = { type: 'object', required: ['name', 'description'], additionalProperties: false, properties: { name: text, description: text } }
export const mergeSchema = { type: 'object', required: ['into'], additionalProperties: false, properties: { into: id } }
