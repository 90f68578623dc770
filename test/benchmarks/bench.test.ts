// The benchmarks run, from the command line to the verdict; what they measure in so short a time means nothing.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t from 'tap'
import { root } from '../docs/support/program.ts'

const bench = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, ['--conditions=fastify-sqlassist-source', '--no-warnings', 'benchmarks/bench.ts', ...args], { cwd: root })).stdout

t.test('one question, on processes of MikroORM by hand and of this package', async (t) => {
  const said = await bench('--smoke', '--only', 'pool', '--variants', 'find-one-10')
  t.match(said, /\| MikroORM, fork by hand, pool of 10 +\| +\d+ \|/)
  t.match(said, /\| the same again +\| +\d+ \|/, 'the identical pair')
  t.match(said, /\| ours, findOne, pool of 10 +\| +\d+ \|/)
  t.notMatch(said, /pool of 2\b/, 'what was not asked for was not measured')
})

t.test('it tells what can be asked for', async (t) => {
  t.match(await bench('--help'), /one-read, ten-reads/)
  await t.rejects(bench('--only', 'nothing'), /There is no question 'nothing': one-read/)
})
