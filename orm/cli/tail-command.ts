import { setTimeout as sleep } from 'node:timers/promises'
import { PanelUnreachableError } from '../errors.ts'
import { serverSentEvents } from './server-sent-events.ts'
import { type SeenRequest, tailLine } from './tail-line.ts'
import type { TailCommand } from './tail-options.ts'
import type { Terminal } from './reflect-command.ts'

/** How long to wait before the application is asked again that has gone away, in ms. */
const AGAIN_MS = 1000

/**
 * Prints the requests of an application as they end, until the signal fires.
 *
 * @throws PanelUnreachableError where there is no panel to begin with
 */
export async function tailCommand({ panel, json }: TailCommand, terminal: Terminal, signal?: AbortSignal): Promise<void> {
  const ended = (): boolean => signal?.aborted === true
  let connection = await connect(panel, signal)
  terminal.say(`Connected to ${panel.href}`)
  while (!ended()) {
    await print(connection, (request) => terminal.out(json ? asJson(request) : tailLine(request))).catch(() => {}) // it broke off
    if (ended()) return
    terminal.say('The application has gone away; waiting for it.')
    connection = await connectAgain(panel, signal)
    if (!ended()) terminal.say('Connected again.')
  }
}

async function connectAgain(panel: URL, signal: AbortSignal | undefined): Promise<Response> {
  for (;;) {
    await sleep(AGAIN_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {})
    try {
      return await connect(panel, signal)
    } catch {
      if (signal?.aborted === true) return new Response('')
      // It is not there yet, or starts and has no panel yet.
    }
  }
}

/** Each request once: the panel tells of it when it begins, when it ends, and when its sessions do. */
async function print({ body }: Response, tell: (request: SeenRequest) => void): Promise<void> {
  const told = new Set<number>()
  for await (const { event, data } of serverSentEvents(body!)) {
    if (event !== 'request') continue
    const request = JSON.parse(data) as SeenRequest
    if (request.state === 'running' || told.has(request.id)) continue
    told.add(request.id)
    tell(request)
  }
}

async function connect(panel: URL, signal: AbortSignal | undefined): Promise<Response> {
  let response: Response
  try {
    response = await fetch(new URL('api/live', panel), { headers: { accept: 'text/event-stream' }, redirect: 'error', ...(signal === undefined ? {} : { signal }) })
  } catch (cause) {
    throw new PanelUnreachableError(panel.href, `${reasonOf(cause)}. Is the application running?`, { cause })
  }
  if (response.ok && response.headers.get('content-type')?.startsWith('text/event-stream') === true) return response
  const text = await response.text()
  if (response.status === 404 || response.ok) throw new PanelUnreachableError(panel.href, `the application answers ${response.status}. Register fastify-sqlassist/debug in it, or give the URL of the panel if it has another path`)
  throw new PanelUnreachableError(panel.href, `the application answers ${response.status}${messageIn(text)}`)
}

/** What `fetch` fails with says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { readonly cause?: { readonly code?: string; readonly message?: string }; readonly message: string }
  return cause?.code ?? cause?.message ?? message
}

function messageIn(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { readonly error?: { readonly message?: string }; readonly message?: string }
    return `: ${error?.message ?? message ?? text}`
  } catch {
    return ''
  }
}

/** With what a terminal would obey written in another way; JSON leaves some of it as it is. */
const asJson = (request: SeenRequest): string => JSON.stringify(request).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
