// The application that is measured.
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig } from '@mikro-orm/postgresql'
import Fastify from 'fastify'
import type * as OfDebug from '../../plugin/debug/index.ts'
import type * as OfOrm from '../../orm/index.ts'
import type * as OfPlugin from '../../plugin/index.ts'
import { answer, cpuMicroseconds } from '../servers/answer.ts'
import type { Variant } from './variants.ts'

const { url, folder, registers } = JSON.parse(process.argv[2]!) as { readonly url: string; readonly folder: string; readonly registers?: Variant['registers'] }
const from = async <T>(path: string): Promise<T> => (await import(pathToFileURL(join(folder, path)).href)) as T

const Book = defineEntity({ name: 'Book', properties: { id: p.integer().primary(), title: p.string(), pages: p.integer(), published: p.datetime() } })

const { sqlassist } = await from<typeof OfPlugin>('plugin/index.ts')
const app = Fastify()
await app.register(sqlassist, { engines: { reader: { config: defineConfig({ clientUrl: url, entities: [Book], pool: { max: 4 } }), readonly: true } } })

if (registers === 'panel') {
  const { sqlassistDebug } = await from<typeof OfDebug>('plugin/debug/index.ts')
  await app.register(sqlassistDebug)
} else if (registers === 'listeners') {
  const { onSqlAssistEvent, SQLASSIST_EVENTS } = await from<typeof OfOrm>('orm/index.ts')
  for (const name of SQLASSIST_EVENTS) onSqlAssistEvent(name, () => {})
}

app.get<{ Params: { id: string } }>('/books/:id', async (request) => {
  const { reader } = request.dbSession as unknown as { reader: { findOneOrFail(entity: typeof Book, id: number): Promise<object> } }
  return await reader.findOneOrFail(Book, Number(request.params.id))
})

await app.listen({ port: 0, host: '127.0.0.1' })
answer({ cpu: cpuMicroseconds })
process.send!((app.server.address() as AddressInfo).port)
