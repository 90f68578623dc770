import { tableText, targetsTable } from './markdown.ts'
import type { Report } from './report.ts'

export function printReport(title: string, { tables, targets }: Report): void {
  console.log(`\n${title}\n`)
  for (const table of tables) console.log(`${tableText(table)}\n`)
  if (targets.length > 0) console.log(`${tableText(targetsTable(targets))}\n`)
}
