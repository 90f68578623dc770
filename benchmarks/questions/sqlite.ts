import { request } from '../harness/load.ts'
import { measureInRounds } from '../harness/rounds.ts'
import { fewerProcesses } from '../harness/stage.ts'
import type { Variant } from '../harness/variant.ts'
import { noiseOf, servedPlot, servedTable, timesAsFast } from '../report/served.ts'
import { chosen } from './chosen.ts'
import { readRequests } from './one-read.ts'
import type { Question } from './question.ts'
import * as v from './variants.ts'

const onSqlite = (prefix: string) => (variant: Variant): Variant =>
  ({ ...variant, name: `${prefix}-${variant.name}`, setting: { ...variant.setting, database: 'sqlite' } })

const PEERS: readonly Variant[] = [
  { name: 'better-sqlite3', words: 'better-sqlite3, prepared', peer: 'better-sqlite3', kind: 'peer' },
  { ...v.drizzlePrepared, peer: 'drizzle-sqlite' }, { ...v.drizzle, peer: 'drizzle-sqlite' },
  v.kysely, v.typeorm, v.fork, v.forkAgain, v.requestContext,
]

const READ = [...PEERS, v.ours('find-one', 'ours, findOne'), v.ours('get-by-id', 'ours, getById', { way: 'getById' }),
  v.ours('find-one-off', 'ours, findOne, every switch off', { options: v.OFF })].map(onSqlite('read'))
const WRITE = [...PEERS, v.ours('persist-and-flush', 'ours, persistAndFlush', { way: 'writer' })].map(onSqlite('write'))

const writeRequests = Array.from({ length: 100 }, (_, index) => request('POST', '/write', { text: `Note ${index}, of the length that a line of an audit has` }))

export const question: Question = {
  name: 'sqlite',
  title: 'The same on SQLite',
  needsPeers: true,
  async measure(stage) {
    const fewer = fewerProcesses(stage)
    return [
      ...(await measureInRounds(fewer, chosen(stage, READ), { requests: readRequests, same: '/read/7' })),
      ...(await measureInRounds(fewer, chosen(stage, WRITE), { requests: writeRequests })),
    ]
  },
  conclude(samples) {
    return {
      text: 'One row by its primary key, and one INSERT. The database is a file with a write-ahead log, in memory where the system has such files, so that no disk plays a part; each process has its own.',
      tables: [servedTable(samples, READ, ['read-fork']), servedTable(samples, WRITE, ['write-fork'])],
      plots: [
        servedPlot(samples, READ, 'read-fork', { name: 'bench-sqlite-read', title: 'One read by primary key, SQLite' }),
        servedPlot(samples, WRITE, 'write-fork', { name: 'bench-sqlite-write', title: 'One INSERT, SQLite' }),
      ],
      targets: [{ words: '`getById`, to `findOne` of the fork by hand', atLeast: 2.5, seen: timesAsFast(samples, 'read-get-by-id', 'read-fork'), noise: noiseOf(samples, 'read-fork', 'read-fork-again') }],
    }
  },
}
