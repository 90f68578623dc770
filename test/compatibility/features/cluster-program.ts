// A service of two processes, which has another one started where one has died.
import cluster from 'node:cluster'
import type { FastifyInstance } from 'fastify'
import type { Config, Writer } from '../place.ts'

const WORKERS = 2

if (cluster.isPrimary) {
  let ending = false
  process.once('SIGUSR2', () => {
    ending = true
    for (const worker of Object.values(cluster.workers!)) worker!.send('end')
  })
  cluster.on('listening', ({ process: { pid } }, { port }) => console.log(JSON.stringify({ pid, port })))
  cluster.on('exit', () => void (ending || cluster.fork()))
  for (let worker = 0; worker < WORKERS; worker++) cluster.fork()
} else {
  // Only here: the first process has no use for it.
  const [{ default: Fastify }, { sqlassist }, { Note }] = await Promise.all([import('fastify'), import('fastify-sqlassist'), import('../place.ts')])
  const { driver, ...options } = JSON.parse(process.env['TEST_DATABASE']!) as { driver: string } & Config
  const { defineConfig } = (await (driver === 'mariadb' ? import('@mikro-orm/mariadb') : import('@mikro-orm/postgresql'))) as { defineConfig(options: Config): Config }
  const config = defineConfig({ ...options, entities: [Note], pool: { min: 0, max: 3 } })
  const app = Fastify({ forceCloseConnections: true }) as unknown as FastifyInstance
  await app.register(sqlassist, { engines: { writer: { config } }, transaction: 'request' })
  app.post<{ Params: { text: string; status: string } }>('/:text/:status', async (request, reply) => {
    const { writer } = request.dbSession as unknown as { writer: Writer }
    const before = await writer.findOne(Note, { text: request.params.text })
    await writer.persistAndFlush(new Note(request.params.text))
    const [row] = await writer.execute<{ connection: number }[]>(`select ${driver === 'mariadb' ? 'connection_id()' : 'pg_backend_pid()'} as connection`)
    const mine = [...writer.getUnitOfWork().getIdentityMap().values()].map((note) => (note as { text: string }).text)
    return await reply.code(Number(request.params.status)).send({ pid: process.pid, connection: row!.connection, before, mine })
  })
  process.once('message', () => void app.close().then(() => process.exit()))
  await app.listen({ port: 0, host: '127.0.0.1' })
}
