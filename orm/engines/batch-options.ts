/** How the rows of several sessions are put into one statement. */
export interface BatchOptions {
  /**
   * How long the first row waits for others, in ms. Default: 0, which is until the event loop has gone round once: requests that are served at the same time meet in
   * one statement, and one that is alone does not wait.
   */
  readonly maxWaitMs?: number
  /** How many rows one statement has at most, from 2 to 10,000. Default: 500. */
  readonly maxRows?: number
}

/** The same, complete. */
export type CompleteBatchOptions = Required<BatchOptions>
