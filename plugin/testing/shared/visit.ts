import type { Settings } from './settings.ts'
import type { AppTransaction } from './transaction.ts'

/** A connection of the application's, as those see it who do what it asks for. */
export interface Visit {
  /** What it would have SET if it were alone; what it has asked for as it began. */
  settings: Settings
  transaction: AppTransaction | undefined
  /** Whether it may only read where it says nothing else. */
  readonly readsOnly: boolean
  /** Its secret, for whoever wants to stop its statement. */
  readonly key: number
  /** Messages that prepare what it has prepared. */
  readonly prepared: Iterable<Buffer>
  /** Ends a wait for another one's transaction. */
  stopWaiting: ((error: Error) => void) | undefined
  send(...messages: readonly Buffer[]): void
  /** Cuts it off. */
  destroy(): void
}
