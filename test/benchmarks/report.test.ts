// What is made of samples: tables, plots, verdicts, and the page of the documentation.
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Sample } from '../../benchmarks/harness/sample.ts'
import { readResults } from '../../benchmarks/harness/results.ts'
import { QUESTIONS } from '../../benchmarks/questions/index.ts'
import { digits, tableText, targetsTable } from '../../benchmarks/report/markdown.ts'
import { BEGIN, between, END, sectionOf } from '../../benchmarks/report/page.ts'
import { verdictOf } from '../../benchmarks/report/report.ts'
import { svgOf } from '../../benchmarks/report/svg.ts'

t.test('a table is Markdown, and in columns', async (t) => {
  t.equal(tableText({ head: ['', 'CPU'], rows: [['pg', '12'], ['fork by hand', '3']] }), [
    '|              | CPU |',
    '|--------------|----:|',
    '| pg           |  12 |',
    '| fork by hand |   3 |',
  ].join('\n'))
})

t.test('three digits that mean something', async (t) => {
  t.strictSame([1234.5, 99.96, 12.34, 1.234, -0.5, Number.NaN].map(digits), ['1235', '100.0', '12.3', '1.23', '-0.50', '-'])
})

t.test('a target is reached, or not, or nobody knows', async (t) => {
  const target = { words: 'x', noise: '' }
  t.equal(verdictOf({ ...target, atLeast: 2, seen: { value: 2.1, from: 1.5, to: 2.5 } }), 'yes')
  t.equal(verdictOf({ ...target, atLeast: 2, seen: { value: 1.9, from: 1.5, to: 2.5 } }), 'within noise')
  t.equal(verdictOf({ ...target, atLeast: 2, seen: { value: 1.9, from: 1.8, to: 1.95 } }), 'no')
  t.equal(verdictOf({ ...target, atMost: 5, seen: { value: 4, from: 1, to: 7 } }), 'yes')
  t.equal(verdictOf({ ...target, atMost: 5, seen: { value: 9, from: 8, to: 10 } }), 'no')
  t.equal(verdictOf({ ...target, atLeast: 2, seen: undefined }), 'not measured')
  t.strictSame(targetsTable([{ ...target, atLeast: 2, seen: { value: 2.5, from: 2, to: 3 } }]).rows, [['x', '>= 2', '2.50', '2.00 to 3.00', '', 'yes']])
})

t.test('a plot is SVG that says what it shows', async (t) => {
  const bar = { kind: 'ours', value: { value: 2, from: 1.5, to: 2.5 } } as const
  const svg = svgOf({ name: 'x', title: 'Reads & <writes>', unit: 'times', bars: [{ ...bar, words: 'ours' }, { ...bar, words: 'far out', value: { value: 1, from: 0.1, to: 900 } }] })
  t.match(svg, /<title id="title">Reads &amp; &lt;writes&gt;<\/title>/)
  t.match(svg, /<desc id="desc">times: ours 2\.00; far out 1\.00\.<\/desc>/)
  const places = [...svg.matchAll(/ x="([\d.]+)"|H([\d.]+)/g)].map(([, x, h]) => Number(x ?? h))
  t.ok(places.length > 6 && places.every((place) => place >= 0 && place <= 880), 'nothing is beside the picture')
  t.equal(svg.match(/<rect /g)!.length, 2)
})

t.test('what is between the markers of a page is replaced, and nothing else', async (t) => {
  const page = `before\n${BEGIN}\nold\n${END}\nafter\n`
  t.equal(between(page, 'new'), `before\n${BEGIN}\n\nnew\n\n${END}\nafter\n`)
  t.equal(between(between(page, 'newer'), 'new'), between(page, 'new'))
  t.throws(() => between('a page without them', 'new'), /needs a line/)
})

/** Variants as slow as their names are long. */
function samplesOf(variants: readonly string[]): Sample[] {
  return variants.flatMap((variant) => [1, 2, 3].map((process) => {
    const figure = [variant.length + process, variant.length + process + 1]
    const names = ['cpu', 'perSecond', 'ns', 'bytes', 'heap', 'requests', 'ms', 'cpuMs']
    return { variant, process: `${process}`, figures: Object.fromEntries(names.map((name) => [name, figure])) }
  }))
}

for (const question of QUESTIONS) {
  t.test(`${question.name}: has something to say before anything, and after a part of it was measured`, async (t) => {
    const empty = question.conclude([])
    t.ok(empty.text.length > 20)
    t.ok(empty.targets.every((target) => verdictOf(target) === 'not measured'))
    const part = question.conclude(samplesOf(['fork', 'fork-again', 'fork-1', 'fork-10', 'read-fork', 'bare', 'new']))
    t.ok(part.tables.every(({ head, rows }) => rows.every((row) => row.length === head.length)))
  })
}

t.test('docs/benchmarks.md and its plots are what benchmarks/results/ says', async (t) => {
  const page = readFileSync(new URL('../../docs/benchmarks.md', import.meta.url), 'utf8')
  for (const question of QUESTIONS) {
    const results = readResults(question.name)
    if (results === undefined) continue
    const { text, plots } = sectionOf(question, results)
    t.ok(page.includes(text), `${question.name}: npm run bench -- --report`)
    for (const [name, svg] of plots) t.equal(readFileSync(new URL(`../../docs/images/${name}.svg`, import.meta.url), 'utf8'), svg, name)
  }
})
