import { join } from 'node:path'
import ts from 'typescript'
import { root } from './program.ts'

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: object }
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: ['package.json'] }, ts.sys, root)
const host = cachingHost()

/** The compiler's complaints about files that make up one program, with the project's own settings. */
export function typeCheck(files: readonly string[]): string[] {
  const program = ts.createProgram({ rootNames: files, options, host })
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const { file, start = 0 } = diagnostic
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')
    return file === undefined ? text : `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: ${text}`
  })
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
