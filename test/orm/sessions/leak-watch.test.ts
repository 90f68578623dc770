// Containers that nobody closes are named: which request, what it holds, and where it was made.
import t from 'tap'
import { eventually, type Lab, lab, type LabOptions } from '../postgres/fixtures/pool.ts'
import { postgres } from './fixtures/engines.ts'
import { Author } from './fixtures/library.ts'

const url = (await postgres(t)).config().clientUrl!

const watching = async (t: Parameters<typeof lab>[0], options: NonNullable<LabOptions['options']>): Promise<Lab> => await lab(t, url, { options })
const leaksOf = ({ lines }: Lab): string[] => lines.filter(({ message }) => message.includes('leakWarningMs')).map(({ message }) => message)

t.test('once, with what its sessions hold', async (t) => {
  const it = await watching(t, { leakWarningMs: 2000 }) // time enough to get there on any machine
  await using idle = it.open()
  await using reading = it.open()
  await reading.writer.count(Author)
  await using inTransaction = it.open()
  await inTransaction.writer.begin()
  await inTransaction.writer.count(Author)
  await using running = it.open()
  const late = running.writer.execute('select pg_sleep(600)').catch(() => 'stopped')
  await eventually(() => leaksOf(it).length === 4)
  const [first, second, third, fourth] = leaksOf(it)
  t.match(first, /^The container has kept its sessions open for \d+ ms: none was touched\. Close what is not needed/)
  t.match(second, /open for \d+ ms: session writer#\d+ holds no connection\./)
  t.match(third, /session writer#\d+ holds a connection, of which nothing was asked for \d+ ms, in a transaction\./)
  t.match(fourth, /session writer#\d+ holds a connection, which runs a statement\./)
  t.notOk(it.lines.some(({ context }) => 'stack' in context), 'no stack without being asked for')
  await running.close({ aborted: true, stop: true })
  t.equal(await late, 'stopped')
  t.equal(leaksOf(it).length, 4, 'each of them once')
  await idle.close()
})

t.test('with leakStacks it says where the container was made', async (t) => {
  const it = await watching(t, { leakWarningMs: 20, leakStacks: true })
  await using container = it.open()
  t.ok(container)
  await eventually(() => leaksOf(it).length === 1)
  t.match(it.lines.find(({ context }) => 'stack' in context)?.context['stack'], /leak-watch\.test\.ts/)
})

t.test('what is closed in time, and what nobody watches, is not named', async (t) => {
  const it = await watching(t, { leakWarningMs: 0 })
  const other = await watching(t, { leakWarningMs: 200 })
  const third = await watching(t, { leakWarningMs: 10 })
  await using unwatched = it.open()
  t.ok(unwatched)
  await other.open().close()
  await using watched = third.open()
  t.ok(watched)
  await eventually(() => leaksOf(third).length === 1) // more than 10 ms have passed
  t.strictSame([leaksOf(it), leaksOf(other)], [[], []])
  await eventually(async () => await new Promise((resolve) => setTimeout(resolve, 300, true)))
  t.strictSame(leaksOf(other), [])
  await using again = other.open()
  t.ok(again)
  await eventually(() => leaksOf(other).length === 1)
  t.pass('the watch starts again when there is something to watch')
})

t.test('wrong options are refused', async (t) => {
  for (const options of [{ leakWarningMs: -1 }, { leakWarningMs: Number.NaN }, { leakWarningMs: '1' }, { leakStacks: 'yes' }]) {
    await t.rejects(lab(t, url, { options: options as never }), { code: 'SQLASSIST_INVALID_OPTIONS', message: new RegExp(Object.keys(options)[0]!) })
  }
})
