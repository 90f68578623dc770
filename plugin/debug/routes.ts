import type { FastifyInstance, FastifyReply } from 'fastify'
import { ExplainRefusedError, RecordUnknownError } from '../../orm/index.ts'
import { detailOf } from './detail.ts'
import { engineRecords } from './engines.ts'
import { explain } from './explain/explain.ts'
import { matches } from './filter.ts'
import { infoOf } from './info.ts'
import type { Live } from './live.ts'
import { maskError } from './masking/text.ts'
import { pageFiles } from './page.ts'
import type { Panel } from './panel.ts'
import { errorText } from './recording/error-text.ts'
import type { RequestRecord } from './recording/request-record.ts'
import { summaryOf } from './summary.ts'
import type { RequestFilter } from './types.ts'

/** JSON is made here: the application may serialize its replies in its own way. */
const send = async (reply: FastifyReply, body: unknown): Promise<FastifyReply> => await reply.type('application/json; charset=utf-8').send(JSON.stringify(body))

/** The panel's page and its JSON. */
export function addRoutes(scope: FastifyInstance, panel: Panel, live: Live): void {
  const { recorder, analyst, sqlassist } = panel
  const find = (params: unknown): RequestRecord => {
    const { id } = params as { readonly id: string }
    const record = recorder.get(Number(id))
    if (record === undefined) throw new RecordUnknownError(id)
    return record
  }

  for (const [name, { type, body }] of pageFiles()) {
    scope.get(`/${name}`, async (request, reply) => {
      // The addresses in the page are relative to its own, with its slash.
      const [path = '', ...query] = request.url.split('?')
      if (name === '' && !path.endsWith('/')) return await reply.redirect([`${path}/`, ...query].join('?'))
      return await reply.type(type).send(body)
    })
  }

  scope.get('/api/info', async (_request, reply) => await send(reply, infoOf(panel)))
  scope.get('/api/engines', async (_request, reply) => await send(reply, engineRecords(sqlassist)))
  scope.get('/api/requests', async (request, reply) => {
    const summaries = recorder.list().map((record) => summaryOf(record, analyst))
    return await send(reply, summaries.filter((summary) => matches(summary, filterOf(request.query))))
  })
  scope.delete('/api/requests', async (_request, reply) => {
    recorder.clear()
    return await reply.code(204).send()
  })
  scope.get('/api/requests/:id', async (request, reply) => await send(reply, detailOf(find(request.params), panel)))
  scope.post('/api/requests/:id/statements/:n/explain', async (request, reply) => {
    const { n } = request.params as { readonly n: string }
    const statement = find(request.params).statements.list[Number(n) - 1]
    if (statement === undefined) throw new RecordUnknownError(`statement ${n}`)
    try {
      return await send(reply, { plan: await explain(statement, panel) })
    } catch (error) {
      if (error instanceof ExplainRefusedError) throw error
      const { code } = error as { readonly code?: unknown }
      return await send(reply.code(422), { error: { code: typeof code === 'string' ? code : 'UNKNOWN', message: maskError(errorText(error), !panel.settings.parametersShown) } })
    }
  })
  const streaming: object = { compress: false } // @fastify/compress would keep events back
  scope.get('/api/live', streaming, async (_request, reply) => {
    const stream = live.open()
    if (stream === undefined) return await send(reply.code(503), { error: { code: 'TOO_MANY_READERS', message: 'Too many pages look on: close some of them.' } })
    return await reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no').send(stream)
  })
  scope.all('/*', async (request) => {
    throw new RecordUnknownError(request.url.split('?', 1)[0]!)
  })
}

/** The last of several values of one name. */
function filterOf(query: unknown): RequestFilter {
  const given = query as Record<string, string | readonly string[] | undefined>
  return Object.fromEntries(['method', 'path', 'status', 'engine'].map((name) => [name, [given[name]].flat().at(-1) ?? '']))
}
