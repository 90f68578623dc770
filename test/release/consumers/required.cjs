// Somebody's application of an older kind: Node.js gives it ES modules by require().
const { defineEntity, p } = require('@mikro-orm/core')
const { defineConfig } = require('@mikro-orm/postgresql')
const Fastify = require('fastify')
const { sqlassist } = require('fastify-sqlassist')

const Thing = defineEntity({ name: 'Thing', properties: { id: p.integer().primary() } })

const app = Fastify()
app.register(sqlassist, { engines: { reader: { config: defineConfig({ clientUrl: process.env.DATABASE_URL, entities: [Thing] }), readonly: true } } })
app.get('/', (request) => request.dbSession.reader.execute(`select 'it works' as answer`))
async function ask() {
  console.log((await app.inject('/')).body)
  await app.close()
}
void ask()
