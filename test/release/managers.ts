import { output } from './command.ts'
import { Project } from './project.ts'
import { NODE_PACKAGE, PNPM } from './versions.ts'

/** Installs packages. */
export interface Manager {
  readonly name: 'npm' | 'pnpm'
  readonly command: string
  readonly args: readonly string[]
}

/** No scripts of packages: a machine that only looks need not run what others have written. */
export const npm: Manager = { name: 'npm', command: 'npm', args: ['install', '--no-audit', '--no-fund', '--ignore-scripts'] }

/** Calls a function with a pnpm that is there as long as that takes. */
export async function withPnpm(use: (pnpm: Manager) => Promise<void>): Promise<void> {
  const tools = new Project()
  try {
    await tools.install(npm, [PNPM])
    await use({ name: 'pnpm', command: tools.bin('pnpm'), args: ['add', '--ignore-scripts'] })
  } finally {
    tools.remove()
  }
}

/**
 * The newest Node.js that can be installed.
 *
 * @throws where no registry answers
 */
export async function newestNode(): Promise<string> {
  const text = await output('npm', ['view', NODE_PACKAGE, 'version', '--json', '--fetch-retries=1', '--fetch-timeout=20000', '--loglevel=error']).catch((cause: unknown) => {
    throw new Error(`No packages can be installed: the registry of npm does not answer. Without a network, --only contents,package looks at what needs none.`, { cause })
  })
  return /\d+\.\d+\.\d+/.exec(text)![0]
}
