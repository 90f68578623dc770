import type { CheckScene } from './check.ts'
import { gist, run } from './command.ts'

/** What the tools say that know how packages are resolved, and what is never used. */
export async function checkPackage({ tarball: { path }, report, say }: CheckScene): Promise<void> {
  const tools = { publint: ['run', path, '--strict'], attw: [path, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'], knip: ['--config', '.knip.js'] }
  for (const [name, args] of Object.entries(tools)) {
    say(name)
    const ended = await run(name, args)
    report.promise(`${name} finds nothing`, ended.status === 0, ended.status === 0 ? args.filter((arg) => arg !== path).join(' ') : gist(ended, 30))
  }
}
