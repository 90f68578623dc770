/**
 * The life of a session, with the seed's words: INIT (the engine is there, nobody touched it), START (a session is open),
 * END (it was opened and is closed).
 */
export const STATUS = Object.freeze({
  /** The engine is there, and nobody has touched it. */
  INIT: 'INIT',
  /** A session is open. */
  START: 'START',
  /** It was opened, and is closed. */
  END: 'END',
} as const)

/** One of {@link STATUS}. */
export type SessionStatus = (typeof STATUS)[keyof typeof STATUS]
