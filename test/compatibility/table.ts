const [START, END] = ['<!-- table: databases -->', '<!-- end of table -->']

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const cellsOf = (row: string): string[] => row.split('|').slice(1, -1).map((cell) => cell.trim())

/** `SQLASSIST_...`, with a link to what it means. */
const shown = (outcome: string): string => (outcome.startsWith('SQLASSIST_') ? `[${outcome.replace('SQLASSIST_', '')}](errors.md#${outcome.toLowerCase()})` : outcome)

const codeIn = (cell: string): string => (cell.startsWith('[') ? `SQLASSIST_${/^\[(\w+)\]/.exec(cell)![1]}` : cell)

/** What works where, as a page has it, and as it turns out to be. */
export class Table {
  readonly #before: string
  readonly #after: string
  readonly #features: readonly string[]
  readonly #columns: readonly string[]
  readonly #cells = new Map<string, Map<string, string>>()

  constructor(page: string, features: readonly string[], columns: readonly string[]) {
    const [start, end] = [page.indexOf(START), page.indexOf(END)]
    if (start < 0 || end < start) throw new Error(`the page has no ${START}`)
    this.#before = page.slice(0, start + START.length)
    this.#after = page.slice(end)
    this.#features = features
    this.#columns = columns
    const [head = [], , ...rows] = page.slice(start, end).split('\n').filter((text) => text.startsWith('|')).map(cellsOf)
    for (const title of columns) {
      const index = head.indexOf(title)
      this.#cells.set(title, new Map(index < 0 ? [] : rows.map((row) => [row[0]!, codeIn(row[index] ?? '')])))
    }
  }

  /** What the page says of the features that were tried. */
  column(title: string, tried: ReadonlyMap<string, string>): Record<string, string | undefined> {
    return Object.fromEntries([...tried.keys()].map((feature) => [feature, this.#cells.get(title)!.get(feature)]))
  }

  fill(title: string, outcomes: ReadonlyMap<string, string>): void {
    this.#cells.set(title, new Map([...this.#cells.get(title)!, ...outcomes]))
  }

  /** The page with the table; a database that was not there keeps what the page has said of it. */
  get page(): string {
    const rows = this.#features.map((feature) => line([feature, ...this.#columns.map((title) => shown(this.#cells.get(title)!.get(feature) ?? '?'))]))
    return [this.#before, '', line(['', ...this.#columns]), `|${'---|'.repeat(this.#columns.length + 1)}`, ...rows, '', this.#after].join('\n')
  }
}
