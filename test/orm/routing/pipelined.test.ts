// Pipelined reads from replicas: each server has shared connections of its own, and the session's consistency says which server is asked.
import { defineEntity, p } from '@mikro-orm/core'
import { defineConfig, type EntityManager } from '@mikro-orm/postgresql'
import t from 'tap'
import { createSqlAssist, onSqlAssistEvent, type SessionRouteEvent, type SqlAssist } from 'fastify-sqlassist/orm'
import { replicatedCluster } from '../../support/replicated-cluster.ts'
import { eventually } from '../postgres/fixtures/pool.ts'

const Item = defineEntity({ name: 'Item', properties: { id: p.integer().primary(), name: p.string() } })
const { primary, replicas } = await replicatedCluster(t)
const config = defineConfig({ clientUrl: primary.url, entities: [Item] })

type Sessions = Record<'writer' | 'reader', EntityManager>
const db = (await createSqlAssist({
  engines: {
    writer: { config, default: true },
    reader: { readonly: true, follows: 'writer', replicas: replicas.map(({ url }) => ({ clientUrl: url })), pipeline: { connections: 1 } },
  },
})) as unknown as SqlAssist<Sessions>
t.teardown(async () => await db.dispose())
await db.engine('writer').orm.schema.create()

/** Writes a row, and reads it by its key in the same session. */
async function writeAndRead(name: string): Promise<string | undefined> {
  await using session = db.session() as unknown as Sessions & AsyncDisposable
  const id = await session.writer.insert(Item, { name })
  return (await session.reader.findOne(Item, id))?.name
}

t.test('what was written is read, from a replica that has it', async (t) => {
  const routes: SessionRouteEvent[] = []
  t.teardown(onSqlAssistEvent('sqlassist:session:route', (event) => void routes.push(event)))
  const pids = new Set<number | undefined>()
  t.teardown(onSqlAssistEvent('sqlassist:query:end', ({ engine, pid }) => void (engine === 'reader' && pids.add(pid))))
  const names = Array.from({ length: 100 }, (_, n) => `item ${n}`)
  for (let from = 0; from < names.length; from += 10) {
    const some = names.slice(from, from + 10)
    t.strictSame(await Promise.all(some.map(writeAndRead)), some)
  }
  t.equal(routes.length, names.length, 'one choice for each session')
  const chosen = new Set(routes.map(({ server }) => server))
  t.ok(chosen.has('replica 1') && chosen.has('replica 2'), [...chosen].join(', '))
  t.ok([...db.engine('reader').pool!.shared].some(({ processID }) => pids.has(processID!)), 'on the shared connection of the first replica, among others')
})

t.test('while a replica is away, the other one answers', async (t) => {
  await replicas[0]!.stop()
  const names = Array.from({ length: 20 }, (_, n) => `other ${n}`)
  t.strictSame(await Promise.all(names.map(writeAndRead)), names)
  await replicas[0]!.start()
  await eventually(() => db.engine('reader').stats().replicas![0]!.state === 'up')
  t.strictSame(await writeAndRead('back'), 'back')
})
