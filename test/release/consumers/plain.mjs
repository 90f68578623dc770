// Somebody's application in JavaScript.
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/postgresql'
import Fastify from 'fastify'
import { defineEngines, sqlassist } from 'fastify-sqlassist'

const Thing = defineEntity({ name: 'Thing', properties: { id: p.integer().primary() } })

const app = Fastify()
await app.register(sqlassist, { engines: defineEngines({ reader: { config: defineConfig({ clientUrl: process.env.DATABASE_URL, entities: [Thing] }), readonly: true } }) })
app.get('/', async (request) => await request.dbSession.reader.execute(`select 'it works' as answer`))
console.log((await app.inject('/')).body)
await app.close()
