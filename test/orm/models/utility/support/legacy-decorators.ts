// One program cannot hold both kinds of decorators: which one an `@` means is a setting of the compiler. The tests are compiled for ES
// decorators, so the text of a module with legacy ones is compiled here, by TypeScript and with the setting of such a project.
import ts from 'typescript'

const compilerOptions: ts.CompilerOptions = { target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.ESNext, experimentalDecorators: true, useDefineForClassFields: false }

/** Compiles and runs a module, and gives one of its exports. */
export async function compileLegacy<T>(name: string, source: string): Promise<T> {
  const { outputText } = ts.transpileModule(source, { compilerOptions, reportDiagnostics: true })
  // Nothing is found by its name from a data: URL; what this file finds is the same.
  const located = outputText.replaceAll(/from '([^']+)'/g, (_, specifier: string) => `from '${import.meta.resolve(specifier)}'`)
  const exports = (await import(`data:text/javascript,${encodeURIComponent(located)}`)) as Record<string, unknown>
  return exports[name] as T
}
