import { InvalidOptionsError } from './errors.ts'

/**
 * Where this package writes its lines: `fastify.log`, a pino logger, or anything of that shape.
 * Without one, nothing is written.
 */
export interface SqlAssistLogger {
  /** Writes a `message` and its `context`: the end of a session and the like. Called only where the level is on. */
  debug(context: object, message: string): void
  /** Writes a `message` and its `context`: what is good to know, as that a server is back. */
  info(context: object, message: string): void
  /** Writes a `message` and its `context`: what should not be, as something left open, held for too long, or cut off. */
  warn(context: object, message: string): void
  /** Writes a `message` and its `context`: what has failed and nobody else is told of, as a hook or a clean-up. */
  error(context: object, message: string): void
  /** Whether lines of a `level` are written. pino's; a logger without it is asked for every debug line. */
  isLevelEnabled?(level: string): boolean
}

const silence = (): void => {}

/** The logger of an application that gave none. */
export const noLogger: SqlAssistLogger = Object.freeze({
  debug: silence,
  info: silence,
  warn: silence,
  error: silence,
  isLevelEnabled: () => false,
})

/** Whether debug lines are written: a production service pays one call to know. */
export const hasDebug = (logger: SqlAssistLogger): boolean => logger.isLevelEnabled?.('debug') !== false

/** @throws InvalidOptionsError for a logger that would fail at its first line, which may be the one about an error */
export function assertLogger(logger: unknown): void {
  const methods = typeof logger === 'object' && logger !== null ? (logger as Record<string, unknown>) : {}
  const missing = ['debug', 'info', 'warn', 'error'].filter((method) => typeof methods[method] !== 'function')
  if (missing.length > 0) throw new InvalidOptionsError('logger', `must have the methods of pino's; missing: ${missing.join(', ')}`)
}
