// Two copies in one tree, as where two packages want different versions: what one has made, the other names, instead of taking it for a wrong value.
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/postgresql'
import { createSqlAssist } from 'another-copy/orm'
import Fastify from 'fastify'
import { sqlassist } from 'fastify-sqlassist'

const Thing = defineEntity({ name: 'Thing', properties: { id: p.integer().primary() } })
const theirs = await createSqlAssist({ engines: { reader: { config: defineConfig({ clientUrl: process.env.DATABASE_URL, entities: [Thing] }), readonly: true } } })
const app = Fastify()
const error = await app.register(sqlassist, { sqlassist: theirs }).then(() => undefined, (error) => error)
await theirs.dispose()
if (error?.code !== 'SQLASSIST_DUPLICATE_PACKAGE') throw new Error(`no message of two copies, but ${error}`)
console.log('it works:', error.code)
