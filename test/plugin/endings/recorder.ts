// What Fastify and Node.js report of a request.
import type { FastifyInstance } from 'fastify'

const ORDER = ['onTimeout', 'onSend', 'onError', 'onRequestAbort', 'onResponse', 'close'] as const

export class Recorder {
  readonly #counts = new Map<string, number>()

  listen(app: FastifyInstance): void {
    const note = (name: string): void => void this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    app.addHook('onRequest', async (_request, reply) => void reply.raw.on('close', () => note('close')))
    app.addHook('onTimeout', async () => note('onTimeout'))
    app.addHook('onSend', async () => note('onSend'))
    app.addHook('onError', async () => note('onError'))
    app.addHook('onRequestAbort', async (_request) => note('onRequestAbort'))
    app.addHook('onResponse', async () => note('onResponse'))
  }

  /** `onSend ×2, onError, close`, in a fixed order. */
  get summary(): string {
    return ORDER.flatMap((name) => {
      const times = this.#counts.get(name)
      return times === undefined ? [] : [times === 1 ? name : `${name} ×${times}`]
    }).join(', ')
  }
}
