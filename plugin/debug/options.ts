import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EngineUnknownError, InvalidOptionsError, PanelInProductionError, type SqlAssist } from '../../orm/index.ts'
import { assertKnownOptions, isPlainObject } from '../../orm/validation.ts'

/** What lets somebody in, or answers, or throws, as a hook `onRequest` does. */
export type PanelGuard = (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) => unknown

/** Options of `fastify-sqlassist/debug`. */
export interface SqlAssistDebugOptions {
  /** Where the panel is. Default: `'/_sqlassist'`. */
  readonly path?: string
  /** How many requests are kept. Default: 25. */
  readonly maxRequests?: number
  /** How many statements of a request are kept. Default: 500. */
  readonly maxStatements?: number
  /** How many characters of SQL and parameters are kept of a request. Default: 500,000. */
  readonly maxBytes?: number
  /** From how many ms on a statement is slow. Default: 100. */
  readonly slowQueryMs?: number
  /** Whether the plan of a recorded statement may be asked for: of all engines, or of those that are named. Default: false. */
  readonly explain?: boolean | readonly string[]
  /** `'mask'`: all values are taken out of statements before they are shown; passwords and their like always are. Default: `'show'`. */
  readonly parameters?: 'show' | 'mask'
  /** Without it the panel refuses to start with `NODE_ENV=production`. */
  readonly allowInProduction?: {
    /** What protects the panel, beside its own checks. */
    readonly guard: PanelGuard
  }
  /** Whether replies get a header `Server-Timing`. Default: false. */
  readonly serverTiming?: boolean
  /** Whether HTML replies get a link to what was recorded of them. Default: false. */
  readonly handle?: boolean
}

/** The options, checked and complete. */
export interface DebugSettings {
  /** Without a slash at its end. */
  readonly path: string
  readonly maxRequests: number
  readonly maxStatements: number
  readonly maxBytes: number
  readonly slowQueryMs: number
  /** The engines whose plans may be asked for. */
  readonly explain: ReadonlySet<string>
  readonly parametersShown: boolean
  readonly guard: PanelGuard | undefined
  readonly serverTiming: boolean
  readonly handle: boolean
}

const KNOWN: ReadonlySet<string> = new Set(['path', 'maxRequests', 'maxStatements', 'maxBytes', 'slowQueryMs', 'explain', 'parameters', 'allowInProduction', 'serverTiming', 'handle', 'prefix', 'logLevel', 'logSerializers'])

/**
 * @throws InvalidOptionsError, EngineUnknownError, PanelInProductionError
 */
export function readDebugOptions(options: SqlAssistDebugOptions, sqlassist: SqlAssist): DebugSettings {
  const given: unknown = options
  if (!isPlainObject(given)) throw new InvalidOptionsError('fastify-sqlassist/debug', 'needs an object of options, or nothing')
  assertKnownOptions(given, KNOWN, 'debug.')
  const { path = '/_sqlassist', maxRequests = 25, maxStatements = 500, maxBytes = 500_000, slowQueryMs = 100 } = options
  const { explain = false, parameters = 'show', allowInProduction, serverTiming = false, handle = false } = options
  if (typeof path !== 'string' || !/^(?:\/[\w.~-]+)+$/.test(path)) throw new InvalidOptionsError('debug.path', `must be a path such as '/_sqlassist', of letters, digits, and . _ ~ -, without a slash at its end`)
  for (const [name, value, least] of [['maxRequests', maxRequests, 1], ['maxStatements', maxStatements, 0], ['maxBytes', maxBytes, 0]] as const) {
    if (!Number.isSafeInteger(value) || value < least) throw new InvalidOptionsError(`debug.${name}`, `must be a whole number of ${least} or more`)
  }
  if (typeof slowQueryMs !== 'number' || !(slowQueryMs >= 0)) throw new InvalidOptionsError('debug.slowQueryMs', 'must be a number of milliseconds')
  if (parameters !== 'show' && parameters !== 'mask') throw new InvalidOptionsError('debug.parameters', `must be 'show' or 'mask'`)
  for (const [name, value] of Object.entries({ serverTiming, handle })) if (typeof value !== 'boolean') throw new InvalidOptionsError(`debug.${name}`, 'must be true or false')
  return Object.freeze({
    path, maxRequests, maxStatements, maxBytes, slowQueryMs, explain: enginesOf(explain, sqlassist), parametersShown: parameters === 'show', guard: guardOf(allowInProduction), serverTiming, handle,
  })
}

function enginesOf(explain: unknown, { engineNames }: SqlAssist): ReadonlySet<string> {
  if (typeof explain === 'boolean') return new Set(explain ? engineNames : [])
  if (!Array.isArray(explain)) throw new InvalidOptionsError('debug.explain', 'must be true, false, or an array of engine names')
  const names = explain.map(String)
  const unknown = names.find((name) => !engineNames.includes(name))
  if (unknown !== undefined) throw new EngineUnknownError(unknown, engineNames.join(', '))
  return new Set(names)
}

function guardOf(allowInProduction: unknown): PanelGuard | undefined {
  if (allowInProduction === undefined) {
    if (process.env['NODE_ENV'] === 'production') throw new PanelInProductionError()
    return undefined
  }
  if (!isPlainObject(allowInProduction)) throw new InvalidOptionsError('debug.allowInProduction', 'must be an object such as { guard }')
  assertKnownOptions(allowInProduction, new Set(['guard']), 'debug.allowInProduction.')
  if (typeof allowInProduction['guard'] !== 'function') throw new InvalidOptionsError('debug.allowInProduction.guard', 'must be a function, as a hook onRequest is, that lets nobody in who may not')
  return allowInProduction['guard'] as PanelGuard
}
