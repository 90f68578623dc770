/** A way to run the application. */
export interface Variant {
  /** As the table has it. */
  readonly words: string
  /** What the others are compared with. */
  readonly reference?: boolean
  readonly registers?: 'panel' | 'listeners'
  readonly flags?: readonly string[]
  /** The checkout that the package is taken from; this one, unless it says so. */
  readonly folder?: string
}

export const VARIANTS: Readonly<Record<string, Variant>> = {
  without: { words: 'without it', reference: true },
  again: { words: 'the same again', reference: true },
  listeners: { words: 'listeners of all events, which do nothing', registers: 'listeners' },
  panel: { words: 'with the panel', registers: 'panel' },
  'panel-maps': { words: 'with the panel and --enable-source-maps', registers: 'panel', flags: ['--enable-source-maps'] },
}
