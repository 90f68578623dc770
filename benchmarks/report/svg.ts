import { digits } from './markdown.ts'
import type { Bar, Plot } from './report.ts'

const WIDTH = 880
const LABELS = 350
const ROW = 26
const TOP = 56
/** Room for the figure behind a bar. */
const FIGURE = 60

/** Horizontal bars with their intervals, for a light and for a dark page. */
export function svgOf({ title, unit, bars }: Plot): string {
  const most = Math.max(1, ...bars.map(({ value }) => Math.max(value.value, Math.min(value.to, value.value * 1.5))))
  const scale = (WIDTH - LABELS - FIGURE) / most
  const height = TOP + bars.length * ROW + 16
  const one = LABELS + scale
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">${escaped(title)}</title>
  <desc id="desc">${escaped(described({ unit, bars }))}</desc>
  <style>
    text { font: 14px system-ui, sans-serif; fill: #1f2328 }
    .title { font-weight: 600; font-size: 16px }
    .small { font-size: 12px; fill: #57606a }
    .label { text-anchor: end }
    .ours { fill: #2563ab } .mikro-orm { fill: #c98a1b } .peer { fill: #8c959f } .bare { fill: #b8c0c8 }
    .ours-label { font-weight: 600 }
    .one { stroke: #57606a; stroke-dasharray: 3 3 }
    .interval { stroke: #1f2328; stroke-width: 1.5; opacity: .65 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .small { fill: #9da7b1 }
      .ours { fill: #4c9be8 } .mikro-orm { fill: #e0a84a } .peer { fill: #768390 } .bare { fill: #545d68 }
      .one { stroke: #9da7b1 }
      .interval { stroke: #e6edf3 }
    }
  </style>
  <text x="16" y="24" class="title">${escaped(title)}</text>
  <text x="16" y="43" class="small">${escaped(unit)}; the thin lines are 95 % intervals</text>
  <path class="one" d="M${place(one)} ${TOP - 4} V${height - 10}"/>
${bars.map((bar, index) => rowOf(bar, TOP + index * ROW, scale)).join('\n')}
</svg>
`
}

function rowOf({ words, value, kind }: Bar, y: number, scale: number): string {
  const right = WIDTH - 4
  const x = (figure: number): number => Math.min(right, LABELS + figure * scale)
  const [from, to, end] = [x(value.from), x(value.to), x(value.value)]
  return `  <text x="${LABELS - 10}" y="${y + 16}" class="label ${kind}-label">${escaped(words)}</text>
  <rect class="${kind}" x="${LABELS}" y="${y + 3}" width="${place(end - LABELS)}" height="${ROW - 8}" rx="2"/>
  <path class="interval" d="M${place(from)} ${y + 12} H${place(to)} M${place(from)} ${y + 8} v8 M${place(to)} ${y + 8} v8"/>
  <text x="${place(Math.min(right - 34, Math.max(end, to) + 8))}" y="${y + 16}">${digits(value.value)}</text>`
}

/** For who does not see it. */
export const described = ({ unit, bars }: Pick<Plot, 'unit' | 'bars'>): string => `${unit}: ${bars.map(({ words, value }) => `${words} ${digits(value.value)}`).join('; ')}.`

const place = (x: number): string => x.toFixed(1)

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!)
