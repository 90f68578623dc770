// The table of the battery in docs/shared-entities.md, which is written by the test that runs the battery.
import { readFileSync, writeFileSync } from 'node:fs'

const FILE = new URL('../../../../docs/shared-entities.md', import.meta.url)
const START = '<!-- battery: written by test/orm/entities/battery.test.ts, with UPDATE_DOCS=1 -->'
const END = '<!-- battery: end -->'

/** A column: a combination, and the scenarios that were not as on a single MikroORM. */
export interface Column {
  readonly name: string
  readonly differing: ReadonlySet<string>
}

/** The lines between the markers. */
export function tableOf(scenarios: readonly string[], groups: readonly { readonly title: string; readonly columns: readonly Column[] }[]): string {
  return groups.map(({ title, columns }) => [`### ${title}`, '', ...linesOf(scenarios, columns)].join('\n')).join('\n\n')
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function linesOf(scenarios: readonly string[], columns: readonly Column[]): string[] {
  return [
    line(['scenario', ...columns.map(({ name }) => name)]),
    line(['---', ...columns.map(() => '---')]),
    ...scenarios.map((scenario) => line([scenario, ...columns.map(({ differing }) => (differing.has(scenario) ? '**differs**' : 'same'))])),
    line([`${scenarios.length} scenarios`, ...columns.map(({ differing }) => `${differing.size} differ`)]),
  ]
}

/** What stands between the markers. With `UPDATE_DOCS=1` the new table is put there first. */
export function committedTable(table: string): string {
  const text = readFileSync(FILE, 'utf8')
  const [before, rest] = splitAt(text, START)
  const [inside, after] = splitAt(rest, END)
  if (process.env['UPDATE_DOCS'] !== '1') return inside.trim()
  writeFileSync(FILE, `${before}${START}\n\n${table}\n\n${END}${after}`)
  return table
}

function splitAt(text: string, marker: string): [string, string] {
  const index = text.indexOf(marker)
  if (index === -1) throw new Error(`docs/shared-entities.md has lost its line ${marker}`)
  return [text.slice(0, index), text.slice(index + marker.length)]
}
