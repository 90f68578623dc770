import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = new URL('../', import.meta.url)

/** Installs what is only compared with, the first time: it is not worth an installation to those who do not ask. */
export function installPeers(): void {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', FOLDER), 'utf8')) as { dependencies: Record<string, string> }
  const missing = Object.entries(dependencies).filter(([name, version]) => installedVersion(name) !== version)
  if (missing.length === 0) return
  console.log(`Installing ${missing.map(([name, version]) => `${name} ${version}`).join(', ')} into benchmarks/node_modules ...`)
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: fileURLToPath(FOLDER), stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error('npm ci in benchmarks/ has failed; without those libraries: --only with questions that do not need them')
}

function installedVersion(name: string): string | undefined {
  const file = new URL(`node_modules/${name}/package.json`, FOLDER)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : undefined
}
