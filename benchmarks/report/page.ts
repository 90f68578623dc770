import { readFileSync, writeFileSync } from 'node:fs'
import { type Circumstances, readResults, type Results } from '../harness/results.ts'
import { QUESTIONS } from '../questions/index.ts'
import type { Question } from '../questions/question.ts'
import { tableText, targetsTable } from './markdown.ts'
import { svgOf } from './svg.ts'

const PAGE = new URL('../../docs/benchmarks.md', import.meta.url)
const image = (name: string): URL => new URL(`../../docs/images/${name}.svg`, import.meta.url)

export const BEGIN = '<!-- what follows is made by npm run bench -->'
export const END = '<!-- what npm run bench makes ends here -->'

/** Makes the tables and plots of docs/benchmarks.md anew, of what is in benchmarks/results/. */
export function writePage(): void {
  const sections: string[] = []
  for (const question of QUESTIONS) {
    const results = readResults(question.name)
    if (results === undefined) continue
    const { text, plots } = sectionOf(question, results)
    sections.push(text)
    for (const [name, svg] of plots) writeFileSync(image(name), svg)
  }
  writeFileSync(PAGE, between(readFileSync(PAGE, 'utf8'), sections.join('\n\n')))
}

/** A page with something else between its two markers. */
export function between(page: string, text: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`docs/benchmarks.md needs a line '${BEGIN}', and below it '${END}'`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`
}

/** What a question has found, as a section of the page, and the files of its plots. */
export function sectionOf(question: Question, { runs, samples }: Results): { readonly text: string; readonly plots: [name: string, svg: string][] } {
  const { text, tables, plots, targets } = question.conclude(samples)
  const parts = [
    `## ${question.title}`,
    text,
    ...(targets.length === 0 ? [] : [tableText(targetsTable(targets))]),
    ...plots.map(({ name, title }) => `![${title}](images/${name}.svg)`),
    ...tables.map(tableText),
    ...runs.map((run) => circumstances(question.name, run)),
  ]
  return { text: parts.join('\n\n'), plots: plots.map((plot) => [plot.name, svgOf(plot)]) }
}

function circumstances(name: string, { at, command, machine, pinned, versions, loadBefore, minutes }: Circumstances): string {
  const of = Object.entries(versions).map(([library, version]) => `${library} ${version}`).join(', ')
  return `<sub>${at.slice(0, 10)}, \`${command}\` (\`${name}\`: ${minutes} minutes), ${machine}, ${pinned ? 'pinned' : 'not pinned'}, load average ${loadBefore.toFixed(1)} before. ${of}.</sub>`
}
