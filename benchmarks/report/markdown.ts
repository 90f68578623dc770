import type { Estimate } from '../harness/statistics.ts'
import { type Table, type Target, verdictOf } from './report.ts'

/** As a Markdown table that is also readable in a terminal. */
export function tableText({ head, rows }: Table): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string => `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  return [line(head), `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`, ...rows.map(line)].join('\n')
}

export function targetsTable(targets: readonly Target[]): Table {
  const rows = targets.map((target) => {
    const { words, atLeast, atMost, seen, noise } = target
    const asked = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`
    return [words, asked, seen === undefined ? '' : digits(seen.value), seen === undefined ? '' : interval(seen), noise, verdictOf(target)]
  })
  return { head: ['target', 'asked for', 'seen', '95 % interval', 'noise', 'reached'], rows }
}

/** Three digits that mean something. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size >= 100) return value.toFixed(0)
  return value.toFixed(size >= 10 ? 1 : 2)
}

export const interval = ({ from, to }: Estimate): string => `${digits(from)} to ${digits(to)}`
