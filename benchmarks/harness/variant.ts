import type { Lane, Setting } from '../peers/peer.ts'

/** A way to do what a question asks for. */
export interface Variant {
  /** In the results. */
  readonly name: string
  /** In the tables. */
  readonly words: string
  /** A file in peers/. */
  readonly peer: string
  readonly setting?: Partial<Setting>
  /** Of Node.js. */
  readonly flags?: readonly string[]
  /** What others are compared with: measured even where only some variants are asked for. */
  readonly reference?: boolean
  /** Whose code it is, for the colour of its bar. */
  readonly kind: 'ours' | 'mikro-orm' | 'peer' | 'bare'
}

const DEFAULTS = { database: 'postgresql', pool: 10, engines: 1 } as const

export function laneOf({ peer, setting }: Variant, urlOf: (database: Setting['database']) => string): Lane {
  const all = { ...DEFAULTS, ...setting }
  return { peer, setting: { url: urlOf(all.database), ...all } }
}
