// The routes of a service, whoever opens its sessions.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readItem, type Wanted } from './reads.ts'
import type { Sessions } from './sessions.ts'
import { CONSISTENCIES, type ServiceSettings } from './settings.ts'
import { flush, WAYS, WRITERS, type Writing } from './writes.ts'

const wantedOf = ({ query }: FastifyRequest): Wanted => {
  const { id, times = '1', gapMs = '0' } = query as Record<string, string>
  return { id: Number(id), times: Number(times), gapMs: Number(gapMs) }
}

export function addRoutes(app: FastifyInstance, sessions: Sessions, { maxLagMs, replicaWaitMs }: ServiceSettings): void {
  for (const way of WAYS) {
    app.post<{ Body: Writing }>(`/write/${way}`, { config: way === 'request' ? { sqlassist: { transaction: 'request' } } : {} }, async (request) => {
      await WRITERS[way](sessions.writer(request), request.body)
      return {}
    })
  }
  // It is saved, and yet nothing is well.
  app.post<{ Body: Writing }>('/write-and-fail', async (request) => {
    await flush(sessions.writer(request), request.body)
    throw new Error('thrown on purpose')
  })
  for (const name of CONSISTENCIES) {
    const consistency = name === 'bounded' ? { maxLagMs } : name
    app.get(`/read/${name}`, { config: { sqlassist: { consistency } } }, async (request) => {
      const reads = await readItem(sessions.reader(request), wantedOf(request))
      return { reads, routes: sessions.routes(request) }
    })
  }
  app.get('/read/plain', async (request) => ({ reads: await readItem(sessions.plain(request), wantedOf(request)), routes: [] }))
  app.get('/read/slow', async (request) => {
    await sessions.reader(request).execute('select pg_sleep(0.02)')
    return { reads: await readItem(sessions.reader(request), wantedOf(request)), routes: sessions.routes(request) }
  })
  // What is read in the same request that has written.
  app.post<{ Body: Writing }>('/write-and-read', async (request) => {
    await flush(sessions.writer(request), request.body)
    return { reads: await readItem(sessions.reader(request), { id: request.body.id, times: 1, gapMs: 0 }), routes: sessions.routes(request) }
  })
  app.post<{ Body: Writing }>('/enqueue', async (request) => {
    await flush(sessions.writer(request), request.body)
    return { token: await sessions.token(request) }
  })
  app.post<{ Body: { readonly token?: string; readonly id: number } }>('/job', async ({ body: { token, id } }) => {
    const reads = await sessions.job(token, async (reader) => await readItem(reader, { id, times: 1, gapMs: 0 }))
    return { reads, routes: [] }
  })
  // What the budget alone takes on this machine just now.
  app.get('/control', async (request) => {
    const started = performance.now()
    await sleep(replicaWaitMs)
    const [read] = await readItem(sessions.writer(request), wantedOf(request))
    return { reads: [{ ...read!, tookMs: performance.now() - started }], routes: [] }
  })
  // What a timer of that length takes in this process just now.
  app.get('/timer', async () => {
    const [at, started] = [Date.now(), performance.now()]
    await sleep(replicaWaitMs)
    return { reads: [{ at, value: null, port: null, tookMs: performance.now() - started }], routes: [] }
  })
  app.get('/cpu', async () => {
    const { user, system } = process.cpuUsage()
    return { ms: (user + system) / 1000 }
  })
}
