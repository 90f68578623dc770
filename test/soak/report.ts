// What a part has measured, and what of it was promised.

interface Row {
  readonly text: string
  /** Undefined for a figure that nothing was promised of. */
  readonly kept: boolean | undefined
  readonly measured: string
}

export class Report {
  readonly title: string
  readonly #rows: Row[] = []

  constructor(title: string) {
    this.title = title
  }

  promise(text: string, kept: boolean, measured: unknown): void {
    this.#rows.push({ text, kept, measured: String(measured) })
  }

  figure(text: string, measured: unknown): void {
    this.#rows.push({ text, kept: undefined, measured: String(measured) })
  }

  /** Figures by name, such as how often each error has come. */
  tally(text: string, counts: ReadonlyMap<string, number>): void {
    const sorted = [...counts].toSorted(([, one], [, other]) => other - one)
    if (sorted.length === 0) this.figure(text, 'none')
    for (const [name, count] of sorted) this.figure(`${text}: ${name}`, count)
  }

  get broken(): readonly string[] {
    return this.#rows.filter(({ kept }) => kept === false).map(({ text, measured }) => `${this.title}: ${text} (${measured})`)
  }

  toString(): string {
    const width = Math.max(...this.#rows.map(({ text }) => text.length))
    const lines = this.#rows.map(({ text, kept, measured }) => `${mark(kept)} ${text.padEnd(width)}  ${measured}`)
    return [`== ${this.title}`, ...lines].join('\n')
  }
}

function mark(kept: boolean | undefined): string {
  if (kept === undefined) return '    '
  return kept ? 'ok  ' : 'FAIL'
}
