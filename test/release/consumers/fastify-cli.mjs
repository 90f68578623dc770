// An application as fastify-cli starts it: a plugin.
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/postgresql'
import sqlassist from 'fastify-sqlassist'

const Thing = defineEntity({ name: 'Thing', properties: { id: p.integer().primary() } })

// fastify-cli insists on two parameters.
export default async function application(app, _options) {
  await app.register(sqlassist, { engines: { reader: { config: defineConfig({ clientUrl: process.env.DATABASE_URL, entities: [Thing] }), readonly: true } } })
  app.get('/', async (request) => await request.dbSession.reader.execute(`select 'it works' as answer`))
}
