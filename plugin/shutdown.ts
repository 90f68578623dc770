import type { FastifyInstance } from 'fastify'
import type { SqlAssist } from '../orm/index.ts'
import type { ContainerFactory } from '../orm/sessions/container-factory.ts'
import { cutOff, endConnectionWith } from './request-end.ts'
import type { LiveExchanges } from './request-containers.ts'

/** What shutting down needs to know. */
interface Shutdown {
  readonly sqlassist: SqlAssist
  readonly containers: ContainerFactory
  readonly live: LiveExchanges
  /** Whether the engines end with the application. */
  readonly disposes: boolean
  readonly closeTimeoutMs: number
}

/**
 * `app.close()` in order: Fastify stops listening and waits for its requests; those that hold sessions and do not end in time are cut
 * off, because the server would wait for them for ever; then the containers are drained and the engines disposed.
 */
export function shutDownWithApplication(app: FastifyInstance, { sqlassist, containers, live, disposes, closeTimeoutMs }: Shutdown): void {
  let cuttingOff: NodeJS.Timeout | undefined
  let deadline: number | undefined
  app.addHook('preClose', function boundOpenRequests(done) {
    deadline = Date.now() + closeTimeoutMs
    for (const { reply } of live) endConnectionWith(reply)
    // Again and again: a request may touch its first session after the deadline.
    cuttingOff = setInterval(() => {
      if (live.size > 0) app.log.warn({ requests: live.size }, `${live.size} requests still held sessions ${closeTimeoutMs} ms after close() and are cut off`)
      for (const { reply } of live) cutOff(reply)
      closeIdleConnections(app)
    }, Math.max(closeTimeoutMs, 1))
    done()
  })
  app.addHook('onClose', async function disposeEngines() {
    clearInterval(cuttingOff)
    // An application that fails to start is closed without preClose.
    await containers.drain(deadline === undefined ? closeTimeoutMs : Math.max(deadline - Date.now(), 0))
    containers.dispose()
    if (disposes) await sqlassist.dispose()
  })
}

/** Connections that became idle since the server began to close; HTTP/2 has sessions instead, which Fastify closes. */
function closeIdleConnections({ server }: FastifyInstance): void {
  if ('closeIdleConnections' in server) server.closeIdleConnections()
}
