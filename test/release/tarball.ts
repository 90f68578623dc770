import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { output } from './command.ts'

/** What `npm publish` would send. */
export interface Tarball {
  readonly path: string
  readonly files: readonly string[]
  readonly bytes: number
}

/** Calls a function with the packed package, which is removed after that. */
export async function withTarball(use: (tarball: Tarball) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-release-'))
  try {
    // `prepack` builds it.
    const text = await output('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', folder])
    const [{ filename, files, size }] = JSON.parse(text.slice(text.search(/^\[\s/m), text.lastIndexOf(']') + 1)) as [{ filename: string; files: { path: string }[]; size: number }]
    await use({ path: join(folder, filename), files: files.map(({ path }) => path), bytes: size })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
