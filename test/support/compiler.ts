// Compiles groups of files, each of which makes up one program, and prints as JSON what the compiler complains about.
import { dirname } from 'node:path'
import ts from 'typescript'
import type { Complaint } from './type-check.ts'

const [tsconfig = '', groups = '[]'] = process.argv.slice(2)
const { config } = ts.readConfigFile(tsconfig, ts.sys.readFile) as { config: { compilerOptions: object } }
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, dirname(tsconfig))
const host = cachingHost()
process.stdout.write(JSON.stringify((JSON.parse(groups) as string[][]).map(complaints)))

/** Asks for the files alone: whatever they import of this package is checked by `npm run typecheck`. */
function complaints(files: string[]): Complaint[] {
  const program = ts.createProgram({ rootNames: files, options, host })
  const found = files.flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)))
  return ts.sortAndDeduplicateDiagnostics(found).map(({ file, start = 0, messageText }) => ({
    file: file?.fileName ?? 'the program',
    line: file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1,
    text: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }))
}

/** One that reads and parses each file once: most of them are the same in every program. */
function cachingHost(): ts.CompilerHost {
  const plain = ts.createCompilerHost(options)
  const parsed = new Map<string, ts.SourceFile | undefined>()
  return {
    ...plain,
    getSourceFile(name, ...rest) {
      if (!parsed.has(name)) parsed.set(name, plain.getSourceFile(name, ...rest))
      return parsed.get(name)
    },
  }
}
