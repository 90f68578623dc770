// The programs behind `npm run soak` and `npm run torture`, with tiny numbers, so that they go on working; and that they can fail.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { slopeOf } from './soak/requests/heap.ts'
import { Ledger } from './soak/ledger.ts'
import { Report } from './soak/report.ts'

const program = (name: string): string => fileURLToPath(new URL(`soak/${name}.ts`, import.meta.url))

async function run(t: Test, name: string, ...options: string[]): Promise<{ code: number; printed: string }> {
  const child = spawn(process.execPath, ['--conditions=fastify-sqlassist-source', '--import=tsx', program(name), ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [printed, problems, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: code as number, printed: printed + problems }
}

// The bank is left out: it counts in minutes.
t.test('the soak with tiny numbers keeps all its promises', async (t) => {
  const { code, printed } = await run(t, 'soak', '--requests', '160', '--kills', '20', '--outages', '1', '--crowd', '200', '--shutdowns', '1', '--commits', '20', '--two-phase', '1', '--only', 'requests,kills,outages,crowd,shutdowns,commits,two-phase', '--seed', '1', '--patience', '30')
  t.equal(code, 0)
  if (code !== 0) t.comment(printed)
  const titles = [...printed.matchAll(/^== (.*)$/gm)].map(([, title]) => title)
  t.strictSame(titles, ['Requests, 30 % aborted', 'Backends killed under load', 'Restarts, freezes and crashes of the server', 'Many at once on a pool of 5', 'SIGTERM under load', 'Commits that fail', 'Processes killed in a two-phase commit'])
  t.ok((printed.match(/^ok {3}/gm) ?? []).length > 50, 'promises were looked at')
  t.match(printed, /All promises were kept\.\n$/)
})

t.test('the torture says what it does, and refuses what it does not know', async (t) => {
  const help = await run(t, 'torture', '--help')
  t.equal(help.code, 0)
  t.match(help.printed, /--outages N .*default 200/)
  const wrong = await run(t, 'torture', '--kills', 'many')
  t.equal(wrong.code, 2)
  t.match(wrong.printed, /--kills needs a whole number from 1 on, not 'many'/)
})

t.test('a broken promise is reported', async (t) => {
  const report = new Report('A part')
  report.promise('kept', true, 1)
  report.promise('broken', false, 2)
  t.strictSame(report.broken, ['A part: broken (2)'])
  t.match(report.toString(), /^ok {3}kept {4}1\nFAIL broken {2}2$/m)
})

t.test('a line that is missing is found, and so is one that should not be there', async (t) => {
  const ledger = new Ledger()
  const [kept, lost, refused, ghost, unknown] = Array.from({ length: 5 }, () => ledger.next())
  for (const line of [kept, lost]) ledger.told(line!, { status: 200 })
  for (const line of [refused, ghost]) ledger.told(line!, { status: 503, code: 'SQLASSIST_CONNECTION_LOST' })
  ledger.told(unknown!, { status: 503, code: 'SQLASSIST_COMMIT_OUTCOME_UNKNOWN' })
  t.strictSame(await ledger.audit({ saved: async () => [kept!, ghost!, unknown!] }), { saved: 1, lost: 1, refused: 1, ghosts: 1 })
})

t.test('the slope of the heap', async (t) => {
  const { bytesPerRequest, error } = slopeOf([[0, 100], [10, 148], [20, 202], [30, 250]])
  t.equal(Math.round(bytesPerRequest * 100) / 100, 5.04)
  t.ok(error > 0 && error < 0.2, String(error))
})
