// Places in PostgreSQL's log, as servers tell them and as they are compared.
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { endOfRecord, formatLsn, parseLsn } from '../../../orm/routing/lsn.ts'
import { formatPosition, later, type Position } from '../../../orm/routing/position.ts'
import { hasReached } from '../../../orm/routing/reached.ts'
import { replicatedCluster } from '../../support/replicated-cluster.ts'

t.test('an LSN is two halves of a number', async (t) => {
  for (const [text, lsn] of [['0/0', 0n], ['0/1', 1n], ['16/B374D848', 0x16_b374_d848n], ['1/0', 0x1_0000_0000n], ['FFFFFFFF/FFFFFFFF', 0xffff_ffff_ffff_ffffn]] as const) {
    t.equal(parseLsn(text), lsn)
    t.equal(formatLsn(lsn), text)
  }
  t.equal(parseLsn('a/00ff'), 0xa_0000_00ffn, 'in any case, with zeros in front')
  for (const text of ['', '0', '/', '0/', '/0', '0/0/0', '0/123456789', 'g/0', ' 0/0', '0/0\n', '-1/0', '0x1/0', '0/1.5']) t.throws(() => parseLsn(text), { name: 'TypeError' }, JSON.stringify(text))
})

const at = (timeline: number, lsn: bigint): Position => ({ system: '1', timeline, lsn })

t.test('later: by timeline first, then by place', async (t) => {
  t.same(later(at(1, 5n), at(1, 7n)), at(1, 7n))
  t.same(later(at(1, 7n), at(1, 5n)), at(1, 7n))
  t.same(later(at(2, 5n), at(1, 7n)), at(2, 5n), 'a history that ended was there before the one that followed it')
  t.same(later(at(1, 7n), at(2, 5n)), at(2, 5n))
  t.equal(formatPosition(at(3, 0x1_0000_0010n)), '1/10 on timeline 3')
})

t.test('what a server has reached', async (t) => {
  const sample = { system: '7', timeline: 2, lsn: 100n, askedAt: 0, primary: false, version: 180_000 }
  t.equal(hasReached(sample, { system: '7', timeline: 2, lsn: 100n }), true)
  t.equal(hasReached(sample, { system: '7', timeline: 2, lsn: 101n }), false)
  t.equal(hasReached(sample, { system: '7', timeline: 1, lsn: 1n }), false, 'of another history nobody can tell')
  t.equal(hasReached(sample, { system: '7', timeline: 3, lsn: 1n }), false)
  t.equal(hasReached(sample, { system: '8', timeline: 2, lsn: 1n }), false, 'of another cluster neither')
  t.equal(hasReached(undefined, { system: '7', timeline: 2, lsn: 1n }), false)
})

t.test('a record that fills its page', async (t) => {
  const [page, segment] = [8192n, 16n * 1024n * 1024n]
  t.equal(endOfRecord(5n * page + 24n), 5n * page)
  t.equal(endOfRecord(3n * segment + 40n), 3n * segment)
  for (const lsn of [5n * page + 23n, 5n * page + 25n, 5n * page + 32n, 5n * page + 40n, 3n * segment + 24n - 8n, 3n * segment + 48n, 1000n]) t.equal(endOfRecord(lsn), lsn)
})

t.test('a replica reaches the end of a record that fills its page, or its segment, and nothing is written after it', async (t) => {
  const { primary, replicas } = await replicatedCluster(t, { replicas: 1, settings: ['autovacuum=off', 'checkpoint_timeout=1d'] })
  const insert = async (): Promise<bigint> => parseLsn((await primary.query<[{ lsn: string }]>('select pg_current_wal_insert_lsn()::text lsn'))[0].lsn)
  const replayed = async (): Promise<bigint> => parseLsn((await replicas[0]!.query<[{ lsn: string }]>('select pg_last_wal_replay_lsn()::text lsn'))[0].lsn)
  const toTheEndOfAPage = `do $$ begin loop
      perform pg_logical_emit_message(false, '', repeat('x', (random() * 100)::int));
      exit when (pg_current_wal_insert_lsn() - '0/0') % 8192 = 24;
    end loop; end $$`

  const alone = async (fill: string): Promise<{ at: bigint; found: bigint }> => {
    for (;;) {
      await primary.query(fill)
      const at = await insert()
      while ((await replayed()) < endOfRecord(at)) await sleep(5)
      const found = await replayed()
      if ((await insert()) === at && endOfRecord(at) !== at) return { at, found }
    }
  }

  for (const [fill, header] of [[toTheEndOfAPage, 24n], ['select pg_switch_wal()', 40n]] as const) {
    const { at, found } = await alone(fill)
    t.equal(found, at - header, 'all of it is there, although the next record will begin later')
    t.equal(found, endOfRecord(at))
  }
})
