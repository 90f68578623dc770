import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './program.ts'

/** A fenced block of code. */
export interface Block {
  /** `docs/guide.md` */
  readonly page: string
  /** The line of its first line of code, from 1. */
  readonly line: number
  readonly language: string
  /** What stands behind the language: `no-run needs a queue`. */
  readonly info: string
  readonly code: string
}

/** A page of the documentation. */
export interface Page {
  readonly path: string
  readonly text: string
  readonly blocks: readonly Block[]
  /** What `#...` may be in a link to it. */
  readonly anchors: ReadonlySet<string>
  readonly links: readonly { readonly line: number; readonly target: string }[]
}

/** All pages that a reader finds: those at the top level, and those of docs/. */
export function pages(): Page[] {
  return ['.', 'docs'].flatMap(markdownIn).map((path) => read(path, readFileSync(join(root, path), 'utf8')))
}

const markdownIn = (folder: string): string[] => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md')).map((name) => join(folder, name))

export function read(path: string, text: string): Page {
  const blocks: Block[] = []
  const prose: string[] = []
  let open: { fence: string; language: string; info: string; line: number; code: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^(?<ticks>`{3,})\s*(?<language>\S*)\s*(?<info>.*)$/.exec(line)
    if (open !== undefined && line === open.fence) {
      const { language, info, code } = open
      blocks.push({ page: path, line: open.line, language, info, code: code.join('\n') })
      open = undefined
    } else if (open !== undefined) {
      open.code.push(line)
    } else if (fence !== null) {
      const { ticks = '', language = '', info = '' } = fence.groups!
      open = { fence: ticks, language, info: info.trim(), line: index + 2, code: [] }
    }
    prose.push(open === undefined && fence === null ? line : '')
  }
  if (open !== undefined) throw new Error(`${path}:${open.line}: this block does not end`)
  return { path, text, blocks, anchors: anchorsOf(prose), links: linksOf(prose) }
}

/** As GitHub makes them: lower case, no punctuation, a number behind the second of a name. */
function anchorsOf(prose: readonly string[]): Set<string> {
  const anchors = new Set<string>()
  for (const line of prose) {
    const heading = /^#{1,6}\s+(?<title>.*?)\s*#*$/.exec(line)?.groups?.title
    for (const [, id] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id!)
    if (heading === undefined) continue
    const slug = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')
    let anchor = slug
    for (let i = 1; anchors.has(anchor); i++) anchor = `${slug}-${i}`
    anchors.add(anchor)
  }
  return anchors
}

function linksOf(prose: readonly string[]): { line: number; target: string }[] {
  return prose.flatMap((line, index) =>
    [...line.replaceAll(/`[^`]*`/g, '').matchAll(/\]\((?<target>[^)\s]+)\)/g)].map(({ groups }) => ({ line: index + 1, target: groups!.target! })),
  )
}
