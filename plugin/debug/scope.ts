import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PanelRefusedError } from '../../orm/index.ts'
import { refusalOf } from './guard.ts'
import { Live } from './live.ts'
import { PAGE_POLICY } from './page.ts'
import type { Panel } from './panel.ts'
import { addRoutes } from './routes.ts'

/** What every answer of the panel has, refusals too. Set at the very end: the application's own hooks may set others. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': PAGE_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store, no-transform',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

/** Marks the routes of the panel, in their `config`. */
export const kPanel: unique symbol = Symbol('fastify-sqlassist.panel')

/** The panel's own scope: what holds in it does not hold for the application. */
export function addScope(panel: Panel): void {
  const { app, settings } = panel
  void app.register(async (scope) => {
    const live = new Live(panel)
    scope.addHook('onRoute', function markAsPanel(route) {
      route.config = Object.assign({}, route.config, { [kPanel]: true })
      route.onSend = setHeaders // of the route, because those come last
    })
    scope.addHook('onRequest', async function refuseOthers(request) {
      const refusal = refusalOf(request)
      if (refusal === undefined) return
      panel.refused.count++
      panel.refused.last = refusal
      throw new PanelRefusedError(refusal)
    })
    if (settings.guard !== undefined) scope.addHook('onRequest', guardHook(settings.guard))
    scope.setErrorHandler(async (error: { statusCode?: number; code?: string; message: string }, _request, reply) => {
      const { statusCode = 500, code = 'UNKNOWN', message } = error
      if (statusCode >= 500) scope.log.warn({ err: error }, 'The debug panel could not answer')
      return await reply.code(statusCode).type('application/json; charset=utf-8').send(JSON.stringify({ error: { code, message } }))
    })
    scope.addHook('preClose', async () => live.close())
    addRoutes(scope, panel, live)
  }, { prefix: settings.path, logLevel: 'warn' })
}

async function setHeaders(_request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  reply.headers(HEADERS)
  return payload
}

/** With a name of its own, which traces show. */
function guardHook(guard: NonNullable<Panel['settings']['guard']>): (this: FastifyInstance, ...args: Parameters<typeof guard>) => Promise<void> {
  return async function guardPanel(request, reply) {
    await guard.call(this, request, reply)
  }
}
