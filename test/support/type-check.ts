import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What the compiler does not like about a line. */
export interface Complaint {
  readonly file: string
  readonly line: number
  readonly text: string
}

const compiler = fileURLToPath(new URL('compiler.ts', import.meta.url))

/**
 * The compiler's complaints about groups of files, each of which makes up one program.
 *
 * In a process of its own: where coverage is counted, as in that of a test, the compiler takes three times as long.
 *
 * @param tsconfig - the file whose `compilerOptions` are used
 */
export async function typeCheck(tsconfig: string, groups: readonly (readonly string[])[]): Promise<Complaint[][]> {
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, tsconfig, JSON.stringify(groups)], { maxBuffer: Infinity })
  return JSON.parse(stdout) as Complaint[][]
}
