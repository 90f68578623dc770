/** How reads by key share connections. */
export interface PipelineOptions {
  /** How many connections they share, beside those of the pool. Default: 4. */
  readonly connections?: number
  /**
   * From when on a statement holds up those behind it, in ms: its connection gets no more, and what waits behind it is sent again on a connection of the pool. It is looked
   * at every 50 ms. Default: 50.
   */
  readonly slowAfterMs?: number
}

/** The same, complete. */
export type CompletePipelineOptions = Required<PipelineOptions>

export const DEFAULT_PIPELINE: CompletePipelineOptions = Object.freeze({ connections: 4, slowAfterMs: 50 })
