// What the clients were told of the lines that they have posted.
const SAVED = 1
const REFUSED = 2

/** An answer, as far as it says what became of a line. */
export interface Told {
  readonly status: number
  /** The `code` of an error. */
  readonly code?: string | undefined
}

/** What the database and the ledger have said, compared. */
export interface Audit {
  readonly saved: number
  /** Answered with 200, and not in the database. */
  readonly lost: number
  readonly refused: number
  /** Answered with an error that says that nothing was saved, and in the database. */
  readonly ghosts: number
}

/** One byte a line, outside of the heap that is measured. */
export class Ledger {
  readonly #fates = new Uint8Array(10_000_000)
  #last = 0

  /** The text of a line that nobody has posted yet. */
  next(): string {
    return `saved ${++this.#last}`
  }

  /** Where nothing was told, as by a connection that has broken, everything may be true. */
  told(text: string, { status, code }: Told): void {
    if (status === 200) this.#fates[numberOf(text)] = SAVED
    else if (status >= 400 && code !== 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN') this.#fates[numberOf(text)] = REFUSED
  }

  async audit(database: { saved(): Promise<string[]> }): Promise<Audit> {
    const kept = new Uint8Array(this.#last + 1)
    for (const text of await database.saved()) kept[numberOf(text)] = 1
    const audit = { saved: 0, lost: 0, refused: 0, ghosts: 0 }
    for (let number = 1; number <= this.#last; number++) {
      const fate = this.#fates[number]
      if (fate === SAVED) audit[kept[number] === 1 ? 'saved' : 'lost']++
      if (fate === REFUSED) audit[kept[number] === 1 ? 'ghosts' : 'refused']++
    }
    return audit
  }
}

const numberOf = (text: string): number => Number(text.slice('saved '.length))
