// docs/endings.md has a table for each list of endings, written by the tests themselves.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Test } from 'tap'

const FILE = new URL('../../../docs/endings.md', import.meta.url)

/** What was observed of one ending. */
export interface ReportRow {
  readonly ending: string
  readonly seen: string
  readonly fired: string
  readonly rolledBack: boolean
  readonly back: boolean
  readonly refused: boolean
}

const HEAD = ['ending', 'what the client saw', 'what fired', 'rolled back', 'connection back', 'late use refused']

const yes = (value: boolean): string => (value ? 'yes' : 'NO')

function table(rows: readonly ReportRow[]): string {
  const lines = rows.map((row) => [row.ending, row.seen, row.fired, yes(row.rolledBack), yes(row.back), yes(row.refused)])
  return [HEAD, HEAD.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Compares a section with what the tests have seen; with UPDATE_DOCS=1 writes it (one test file at a time). */
export function checkReport(t: Test, section: string, rows: readonly ReportRow[]): void {
  const [start, end] = [`<!-- endings: ${section} -->`, `<!-- end -->`]
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''
  const from = text.indexOf(start)
  const to = text.indexOf(end, from)
  if (from === -1 || to === -1) {
    t.fail(`docs/endings.md has no section between '${start}' and '${end}'`)
    return
  }
  const written = text.slice(from + start.length, to).trim()
  const observed = table(rows)
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(FILE, `${text.slice(0, from + start.length)}\n${observed}\n${text.slice(to)}`)
  else t.equal(written, observed, `docs/endings.md tells what happened; to bring it up to date run the tests of test/plugin/endings with UPDATE_DOCS=1`)
}
