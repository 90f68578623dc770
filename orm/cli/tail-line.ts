/** What the panel says of a request; as much of it as a line has. */
export interface SeenRequest {
  readonly id: number
  readonly method: string
  readonly url: string
  readonly state: 'running' | 'answered' | 'left'
  readonly statusCode: number | null
  readonly startedAt: string
  readonly durationMs: number | null
  readonly engines: readonly { readonly name: string; readonly status: string; readonly notClosed: boolean }[]
  readonly statements: number
  readonly sqlMs: number
  readonly slow: number
  readonly failed: number
  readonly nPlusOne: boolean
  readonly transaction: string
}

/** A request as a line: time, method, URL, status, engines, statements, ms, and what is the matter with it. */
export function tailLine(request: SeenRequest): string {
  const { method, url, state, statusCode, startedAt, durationMs, engines, statements, sqlMs, slow, failed, nPlusOne, transaction } = request
  const used = engines.filter(({ status }) => status !== 'INIT')
  const remarks = [
    ...(transaction === 'none' ? [] : [transaction]),
    ...(nPlusOne ? ['N+1'] : []),
    ...(slow > 0 ? [`${slow} slow`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...used.filter(({ notClosed }) => notClosed).map(({ name }) => `${name} not closed`),
  ]
  return [
    timeOf(startedAt), method, visible(url), state === 'left' ? 'left' : String(statusCode), used.map(({ name }) => visible(name)).join(',') || '-',
    statements === 1 ? '1 statement' : `${statements} statements`, `${ms(sqlMs)} of ${ms(durationMs ?? 0)} ms`, ...(remarks.length === 0 ? [] : [`(${remarks.join(', ')})`]),
  ].join('  ')
}

const ms = (time: number): string => time.toFixed(time < 10 ? 1 : 0)

const two = (part: number): string => String(part).padStart(2, '0')

function timeOf(iso: string): string {
  const date = new Date(iso)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

/** Anybody can send a request, and a terminal obeys what it is written. */
const visible = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
