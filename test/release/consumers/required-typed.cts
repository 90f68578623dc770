// Somebody's application in TypeScript that is compiled to CommonJS.
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/postgresql'
import Fastify from 'fastify'
import { sqlassist, type Session } from 'fastify-sqlassist'

const Thing = defineEntity({ name: 'Thing', properties: { id: p.integer().primary() } })

const app = Fastify()
app.register(sqlassist, { engines: { reader: { config: defineConfig({ clientUrl: process.env['DATABASE_URL']!, entities: [Thing] }), readonly: true } } })
app.get('/', async ({ dbSession }) => {
  const { reader }: { reader: Pick<Session, 'engineName' | 'find'> } = dbSession
  return { answer: 'it works', engine: reader.engineName }
})
async function ask(): Promise<void> {
  console.log((await app.inject('/')).body)
  await app.close()
}
void ask()
