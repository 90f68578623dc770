// What does the debug panel cost? An application that reads one row of PostgreSQL and answers with it as JSON, in processes of its own, without the
// panel, with it, and with listeners that do nothing; asked by this process over connections that are kept open. The figure is CPU time per
// request, which a busy machine changes less than it does the time that passes.
//
//   npm run bench:debug-panel -- --help
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { Undo } from '../test/consistency/undo.ts'
import { figuresOf, type Measured, table } from './debug-panel/figures.ts'
import { type Served, serve } from './debug-panel/served.ts'
import { type Variant, VARIANTS } from './debug-panel/variants.ts'
import { makeDatabase } from './harness/database.ts'
import { pin } from './harness/pinning.ts'
import { shuffled } from './harness/statistics.ts'

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    rounds: { type: 'string', default: '20' },
    requests: { type: 'string', default: '1000' },
    processes: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '4000' },
    connections: { type: 'string', default: '8' },
    only: { type: 'string' },
    before: { type: 'string' },
  },
})

if (values.help) {
  console.log(`What the debug panel costs, in CPU time of the server for each request.

  npm run bench:debug-panel -- [options]

  --rounds N        how often each process is measured, in turn with the others (20)
  --requests N      requests of a round to one process (1000)
  --processes N     processes of each variant (3)
  --warm-up N       requests to each process before the first round (4000)
  --connections N   that are kept open to a process (8)
  --only NAMES      variants with a comma between them, beside the two without anything: ${Object.keys(VARIANTS).join(', ')}
  --before FOLDER   another checkout of this repository, with its node_modules, to be measured too: without the panel

DATABASE_URL names a PostgreSQL server to use; without it one is started, and stopped in the end.`)
  process.exit()
}

const number = (name: 'rounds' | 'requests' | 'processes' | 'warm-up' | 'connections'): number => Number(values[name])
const chosen: Variant[] = Object.entries(VARIANTS).filter(([name, { reference }]) => reference === true || values.only === undefined || values.only.split(',').includes(name)).map(([, variant]) => variant)
if (values.before !== undefined) chosen.push({ words: `without it, ${values.before}`, folder: values.before })

pin(process.pid, 'rest')
const undo = new Undo()
undo.listen()
const database = await makeDatabase()
undo.add(async () => await database.remove())
const all: Served[] = []
try {
  for (const variant of chosen) for (let index = 0; index < number('processes'); index++) all.push(await serve(variant, database.url, number('connections')))
  for (const { load } of all) await load.run({ requests: number('warm-up') })
  const before = loadavg()[0]!
  const measured: Measured[] = []
  for (let round = 0; round < number('rounds'); round++) {
    // Everybody comes once in a round, in another order each time: what else the machine does meets all of them.
    for (const { variant, server, load } of shuffled(all)) {
      const cpu = await server.cpuMicroseconds()
      const began = performance.now()
      const requests = await load.run({ requests: number('requests') })
      const seconds = (performance.now() - began) / 1000
      measured.push({ variant, server, microseconds: ((await server.cpuMicroseconds()) - cpu) / requests, perSecond: requests / seconds })
    }
  }
  console.log(`Node.js ${process.versions.node}, ${cpus().length} cores (${cpus()[0]!.model}), load average ${before.toFixed(1)} before and ${loadavg()[0]!.toFixed(1)} after.`)
  console.log(`${number('rounds')} rounds of ${number('requests')} requests to each of ${number('processes')} processes of a variant, over ${number('connections')} connections.\n`)
  console.log(table(figuresOf(chosen, measured)))
} finally {
  await undo.unlessEnding()
  for (const { server, load } of all) {
    load.close()
    await server.stop()
  }
  await undo.run()
}
