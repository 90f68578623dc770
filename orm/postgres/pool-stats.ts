/** What a pool is doing, as a plain copy. */
export interface PoolStats {
  /** Connections that there are. */
  readonly total: number
  /** Those of them that nobody uses. */
  readonly idle: number
  /** How many wait for one. */
  readonly waiting: number
  /** How many there may be. */
  readonly max: number
}
