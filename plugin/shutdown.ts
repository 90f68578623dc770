import type { FastifyInstance } from 'fastify'
import type { SqlAssist } from '../orm/index.ts'
import type { ContainerFactory } from '../orm/sessions/container-factory.ts'
import { cutOff } from './request-end.ts'
import type { LiveReplies } from './request-session.ts'

/** What shutting down needs to know. */
interface Shutdown {
  readonly sqlassist: SqlAssist
  readonly containers: ContainerFactory
  readonly live: LiveReplies
  /** Whether the engines end with the application. */
  readonly disposes: boolean
  readonly closeTimeoutMs: number
}

/**
 * `app.close()` in order: Fastify stops listening and waits for its requests; those that hold sessions and do not end in time are cut
 * off, because the server would wait for them for ever; then the containers are drained and the engines disposed.
 */
export function shutDownWithApplication(app: FastifyInstance, { sqlassist, containers, live, disposes, closeTimeoutMs }: Shutdown): void {
  let deadline: NodeJS.Timeout | undefined
  app.addHook('preClose', function boundOpenRequests(done) {
    deadline = setTimeout(() => {
      if (live.size > 0) app.log.warn({ requests: live.size }, `${live.size} requests still held sessions ${closeTimeoutMs} ms after close() and are cut off`)
      for (const reply of live) cutOff(reply)
    }, closeTimeoutMs)
    done()
  })
  app.addHook('onClose', async function disposeEngines() {
    clearTimeout(deadline)
    await containers.drain(closeTimeoutMs)
    if (disposes) await sqlassist.dispose()
  })
}
