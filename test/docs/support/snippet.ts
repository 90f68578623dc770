import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { type Block, pages } from './markdown.ts'
import { root } from './program.ts'

/**
 * A ```ts block as a file. What its fence may say behind `ts`:
 * - `file=engines.ts`: other blocks of the page import it under that name; it is not run by itself;
 * - `serve=/groups`: it is started, and a request for that path must be answered with 200;
 * - `throws=SQLASSIST_...`: it must end in that error;
 * - `no-run <reason>`: its types are checked, and the reason is printed;
 * - `no-compile <reason>`: only its syntax is checked, because it imports what is not installed here, and the reason is printed.
 *
 * What a block says in a comment that it prints is compared with what it prints.
 *
 * A block without an import is a fragment: it runs inside a request of the example service, where `app`, `request`, `reply` and the
 * example's entities are there.
 */
export interface Snippet {
  readonly page: string
  /** Of the page, where its code starts. */
  readonly line: number
  /** `docs/guide.md:26` */
  readonly name: string
  readonly file: string
  readonly code: string
  readonly isFragment: boolean
  readonly isNamed: boolean
  /** It declares the types of `request.dbSession`, which can be done once per program. */
  readonly declaresEngines: boolean
  readonly serve: string | undefined
  readonly throws: string | undefined
  readonly noRun: string | undefined
  readonly noCompile: string | undefined
  /** What it says that it prints: `console.log(1 + 1) // 2`. */
  readonly prints: readonly string[]
}

/**
 * Writes the ```ts blocks of all pages as files, to be compiled and run: inside the repository, so that the package finds itself, where
 * git does not look.
 *
 * @param name - a folder for each test, because they run side by side
 */
export function writeSnippets(name: string): { readonly folder: string; readonly fragments: Snippet[]; readonly programs: Snippet[]; readonly foreign: Snippet[] } {
  const folder = join(root, '.data/docs', name)
  rmSync(folder, { recursive: true, force: true })
  const blocks = pages().flatMap((page) => page.blocks)
  const all = blocks.filter(({ language }) => language === 'ts').map((block) => snippetOf(block, folder))
  const foreign = all.filter(({ noCompile }) => noCompile !== undefined)
  const snippets = all.filter(({ noCompile }) => noCompile === undefined)
  for (const snippet of snippets) write(snippet)
  return { folder, foreign, fragments: snippets.filter(({ isFragment }) => isFragment), programs: snippets.filter(({ isFragment }) => !isFragment) }
}

function snippetOf(block: Block, folder: string): Snippet {
  const { page, line, info, code } = block
  const word = (key: string): string | undefined => new RegExp(`(?:^|\\s)${key}=(\\S+)`).exec(info)?.[1]
  const reason = (key: string): string | undefined => new RegExp(`(?:^|\\s)${key}\\b\\s*(?<reason>.*)$`).exec(info)?.groups?.reason
  const named = word('file')
  const isFragment = !/^import /m.test(code)
  return {
    page,
    line,
    name: `${page}:${line}`,
    file: join(folder, basename(page, '.md'), named ?? `line-${line}.ts`),
    code,
    isFragment,
    isNamed: named !== undefined,
    declaresEngines: /interface SqlAssistEngines/.test(code),
    serve: word('serve'),
    throws: word('throws'),
    noRun: reason('no-run'),
    noCompile: reason('no-compile'),
    prints: [...code.matchAll(/^ *console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text]) => text!),
  }
}

function write({ file, code, isFragment }: Snippet): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, isFragment ? fragment(file, code) : code)
}

/** The lines of a fragment start on the line they would start on alone, so that messages fit. */
function fragment(file: string, code: string): string {
  const to = (path: string): string => relative(dirname(file), join(root, path))
  const imports = [
    `import { AuditLine } from '${to('docs/example/entities/audit-line.ts')}'`,
    `import { Group, Member } from '${to('docs/example/entities/group.ts')}'`,
    `import { inRequest } from '${to('test/docs/example/fragment.ts')}'`,
  ]
  return `${imports.join(';')}; export default async () => await inRequest(async ({ app, request, reply }) => { ${code}\n})\n`
}
