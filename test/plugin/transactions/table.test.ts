// The tables in docs/transactions.md: how a handler ends, and where its transaction fails -> what the client gets, and what is saved. With UPDATE_DOCS=1 they are
// written, else they are compared. What must never happen is checked apart from them.
import { readFileSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { asSuperuser } from '../../support/databases.ts'
import { type Database, postgres } from '../../orm/sessions/fixtures/engines.ts'
import { addEndings, type Ending, ENDINGS, PHASES, type Phase } from './fixtures/endings.ts'
import { type Shop, shop } from './fixtures/shop.ts'

const PAGE = new URL('../../../docs/transactions.md', import.meta.url)

interface Seen {
  readonly status: number | undefined
  readonly code: string | undefined
  /** The databases that have the row. */
  readonly rows: readonly string[]
}

const LATE = `create function late() returns trigger language plpgsql as $$ begin if new.name like 'late%' then raise exception 'too late'; end if; return null; end $$;
  create constraint trigger late after insert on author deferrable initially deferred for each row execute function late()`

async function openShop(t: Test, options: Parameters<typeof shop>[3]): Promise<Shop> {
  const databases: [Database, Database] = [await postgres(t), await postgres(t)]
  for (const database of databases) await asSuperuser(database.config().clientUrl!, LATE)
  const opened = await shop(t, ...databases, options)
  addEndings(opened.app, options?.transaction !== 'manual')
  await opened.app.listen({ port: 0, host: '127.0.0.1' })
  return opened
}

let requests = 0

async function see({ app, saved }: Shop, index: number, { method = 'GET' }: Ending, phase: Phase): Promise<Seen> {
  const name = `row ${++requests}`
  const url = `${app.listeningOrigin}/${index}?${new URLSearchParams({ name, phase }).toString()}`
  const response = await fetch(url, { method, redirect: 'manual' }).catch(() => undefined)
  const text = await response?.text().catch(() => '')
  while (Object.values(app.sqlassist.stats()).some(({ sessions }) => sessions.open > 0)) await new Promise(setImmediate)
  const all = await saved()
  const rows = (['paris', 'rome'] as const).filter((engine) => all[engine].some((saved) => saved.endsWith(name)))
  return { status: response?.status, code: /SQLASSIST_\w+/.exec(text ?? '')?.[0], rows }
}

/** What must not be: a success without its rows, a failure with some, unless it says itself that it is one by halves. */
function mismatch({ byHand, fails, method, failsLate }: Ending, phase: Phase, { status, code, rows }: Seen, retries: boolean): boolean {
  const partial = phase === 'the second COMMIT' && status === 500 && rows.join() === 'paris'
  if (code === 'SQLASSIST_PARTIAL_COMMIT' || (method === 'HEAD' && partial)) return !partial
  if (failsLate === true && retries) return status !== 500 // nothing but a hook stands between the commit and the reply
  if (byHand === true || fails === true) return rows.length > 0
  return status !== undefined && status < 400 ? rows.length < 2 : rows.length > 0
}

const described = ({ status, code, rows }: Seen): string =>
  `${status ?? 'none'}${code === undefined ? '' : ` ${code.replace('SQLASSIST_', '')}`}, ${rows.length === 2 ? 'both' : rows.length === 0 ? 'no row' : `${rows[0]} only`}`

const TABLES: readonly { readonly mode: string; readonly options: Parameters<typeof shop>[3]; readonly phases: readonly Phase[] }[] = [
  { mode: `transaction: 'request'`, options: {}, phases: PHASES },
  { mode: `transaction: 'request' with retry`, options: { retry: { attempts: 2, backoff: () => 0 } }, phases: PHASES },
  { mode: `transaction: 'manual'`, options: { transaction: 'manual' }, phases: ['nowhere', 'a statement, swallowed', 'the flush', 'the first COMMIT', 'the second COMMIT'] },
]

t.test('every ending, with every failure', async (t) => {
  let page = readFileSync(PAGE, 'utf8')
  for (const { mode, options, phases } of TABLES) {
    await t.test(mode, async (t) => {
      const opened = await openShop(t, options)
      const lines = [['ending', ...phases], ['', ...phases].map(() => '---')]
      for (const [index, ending] of ENDINGS.entries()) {
        const cells = [ending.name]
        for (const phase of phases) {
          const seen = await see(opened, index, ending, phase)
          if (options?.transaction !== 'manual') t.notOk(mismatch(ending, phase, seen, options?.retry !== undefined), `${ending.name}, ${phase}: ${described(seen)}`)
          cells.push(described(seen))
        }
        lines.push(cells)
      }
      const table = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
      const [start, end] = [`<!-- table: ${mode} -->`, '<!-- end -->']
      const from = page.indexOf(start)
      t.not(from, -1, `docs/transactions.md has a place for the table of ${mode}`)
      const to = page.indexOf(end, from)
      const committed = page.slice(from + start.length, to).trim()
      page = `${page.slice(0, from + start.length)}\n${table}\n${page.slice(to)}`
      if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page)
      else t.equal(committed, table, 'if the change is wanted: run this file with UPDATE_DOCS=1')
    })
  }
})
