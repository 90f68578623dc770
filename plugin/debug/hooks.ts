import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isAnswered } from '../request-end.ts'
import { withHandle } from './handle.ts'
import type { DebugSettings } from './options.ts'
import type { Carefully } from './recording/carefully.ts'
import type { Recorder } from './recording/recorder.ts'
import { serverTiming } from './server-timing.ts'

/** Tells the recorder of the application's requests, and tells their clients of the record, where that was asked for. */
export function watchRequests(app: FastifyInstance, recorder: Recorder, settings: DebugSettings, carefully: Carefully): void {
  app.addHook('onRequest', function beginRecord(request, reply, done) {
    carefully.run(() => recordUntilClosed(recorder, carefully, request, reply))
    done()
  })
  // Of a request that an earlier hook has answered, this is all that is seen.
  app.addHook('onResponse', function endRecord(request, reply, done) {
    carefully.run(() => recorder.end(request, reply, true))
    done()
  })
  if (!settings.serverTiming && !settings.handle) return
  app.addHook('onSend', function tellOfRecord(request, reply, payload, done) {
    done(null, carefully.run(() => told(recorder, settings, `${app.prefix}${settings.path}`, request, reply, payload)) ?? payload)
  })
}

/** Only 'close' comes exactly once, however a request ends. */
function recordUntilClosed(recorder: Recorder, carefully: Carefully, request: FastifyRequest, reply: FastifyReply): void {
  if (recorder.begin(request) === undefined) return
  reply.raw.once('close', carefully.wrap(() => recorder.end(request, reply, isAnswered(reply))))
}

function told(recorder: Recorder, { serverTiming: timing, handle }: DebugSettings, path: string, request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  const record = recorder.known(request)
  if (record === undefined) return payload
  if (timing) reply.header('server-timing', serverTiming(reply.getHeader('server-timing'), record))
  return handle ? withHandle(reply, payload, record, `${path}/?request=${record.id}`) : payload
}
