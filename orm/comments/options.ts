import { InvalidOptionsError } from '../errors.ts'
import { assertKnownOptions, isPlainObject } from '../options-check.ts'
import type { SessionInfo } from '../sessions/info.ts'

/** What the comments say that `sqlComments` puts into statements, each under the key in brackets. */
export interface SqlCommentOptions {
  /** The name of the application (`application`). Default: none. */
  readonly application?: string
  /** The route of the request, `/groups/:id` (`route`). Default: true. */
  readonly route?: boolean
  /** The name of the engine (`engine`). Default: true. */
  readonly engine?: boolean
  /** What serves the request, `fastify` (`framework`). Default: true. */
  readonly framework?: boolean
  /** The id of the request (`request_id`). Named prepared statements go unnamed then. Default: false. */
  readonly requestId?: boolean
  /**
   * The trace that a statement belongs to (`traceparent`): `true` for the header of the request, or a function that is asked for each statement, as of
   * the active span. What is no W3C traceparent is left out. Named prepared statements go unnamed then. Default: false.
   */
  readonly traceparent?: boolean | ((info: SessionInfo) => string | undefined)
  /**
   * More keys: an object that holds for all statements; or a function that is asked for each statement, with which named prepared statements go
   * unnamed. Values are cut after 256 characters. Default: none.
   */
  readonly extra?: Readonly<Record<string, string>> | ((info: SessionInfo) => Readonly<Record<string, string>> | undefined)
}

/** The options, checked and complete. */
export type CompleteCommentOptions = Required<Omit<SqlCommentOptions, 'application' | 'extra'>> & Pick<SqlCommentOptions, 'application' | 'extra'>

const FLAGS = ['route', 'engine', 'framework', 'requestId'] as const
const KNOWN: ReadonlySet<string> = new Set(['application', ...FLAGS, 'traceparent', 'extra'])

/** @throws InvalidOptionsError */
export function assertSqlComments(where: string, value: unknown): asserts value is boolean | SqlCommentOptions | undefined {
  if (value === undefined || typeof value === 'boolean') return
  if (!isPlainObject(value)) throw new InvalidOptionsError(where, `must be true, false, or an object such as { application: 'shop', requestId: true }`)
  assertKnownOptions(value, KNOWN, `${where}.`)
  const { application, traceparent, extra } = value
  if (application !== undefined && (typeof application !== 'string' || application.trim() === '')) {
    throw new InvalidOptionsError(`${where}.application`, 'must be a name')
  }
  for (const flag of FLAGS) {
    if (value[flag] !== undefined && typeof value[flag] !== 'boolean') throw new InvalidOptionsError(`${where}.${flag}`, 'must be true or false')
  }
  if (traceparent !== undefined && typeof traceparent !== 'boolean' && typeof traceparent !== 'function') {
    throw new InvalidOptionsError(`${where}.traceparent`, 'must be true, false, or a function that returns a traceparent')
  }
  if (extra !== undefined && typeof extra !== 'function' && !(isPlainObject(extra) && Object.values(extra).every((text) => typeof text === 'string'))) {
    throw new InvalidOptionsError(`${where}.extra`, 'must be an object of strings, or a function that returns one')
  }
}

/** @returns undefined where no comments are wanted */
export function completeSqlComments(value: boolean | SqlCommentOptions | undefined): CompleteCommentOptions | undefined {
  if (value === undefined || value === false) return undefined
  const { extra, ...given } = value === true ? {} : value
  const complete = { route: true, engine: true, framework: true, requestId: false, traceparent: false, ...given }
  return extra === undefined ? complete : { ...complete, extra: typeof extra === 'function' ? extra : { ...extra } }
}
