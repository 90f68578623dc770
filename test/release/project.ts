import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ended, output, run } from './command.ts'
import type { Manager } from './managers.ts'

/** An empty project of somebody else, into which packages are installed. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), 'sqlassist-consumer-'))

  constructor() {
    writeFileSync(join(this.folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  }

  /** @param packages - names with versions, or paths of tarballs */
  async install({ command, args }: Manager, packages: readonly string[]): Promise<void> {
    await output(command, [...args, ...packages], { cwd: this.folder })
  }

  /** Copies programs of `consumers/` into it. */
  take(...names: readonly string[]): void {
    for (const name of names) cpSync(fileURLToPath(new URL(`consumers/${name}`, import.meta.url)), join(this.folder, name))
  }

  /** The path of a command of an installed package. */
  bin(name: string): string {
    return join(this.folder, 'node_modules/.bin', name)
  }

  async run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended> {
    return await run(command, args, { cwd: this.folder, env: env ?? {} })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
