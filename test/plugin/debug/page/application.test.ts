// The page before a real application: PostgreSQL and SQLite, the panel's own server and policy, requests over real sockets.
import Fastify, { type FastifyRequest } from 'fastify'
import { sqlassist } from 'fastify-sqlassist'
import { sqlassistDebug } from 'fastify-sqlassist/debug'
import pg from 'pg'
import type { Page } from 'playwright-core'
import t from 'tap'
import { postgresDatabase } from '../../../support/databases.ts'
import { Note } from '../../endings/model.ts'
import { configOf, postgres, type Writer, writerOf } from '../../endings/service.ts'
import { application, listening } from '../fixtures/panel.ts'
import { newPage, startBrowser } from './fixtures/browser.ts'
import { hostileStrings } from './fixtures/hostile.ts'
import { shop } from './fixtures/shop.ts'

t.setTimeout(600_000)
const browser = await startBrowser(t)
const { panel, ask } = await shop(t, { explain: true, maxRequests: 40 })
const { page, complaints } = await newPage(browser, panel)
await page.getByText('live', { exact: true }).waitFor()
const links = page.locator('#list li:not([hidden]) a')
const row = (path: string) => links.filter({ hasText: path }).first()
const townsOf = (request: FastifyRequest): Record<'one' | 'two', Writer> => request.dbSession as unknown as Record<'one' | 'two', Writer>
const rowsOf = (page: Page) => page.locator('tr.row')
const rows = rowsOf(page)

t.test('before the first request', async (t) => {
  t.match(await page.locator('#no-requests').innerText(), /No requests yet/)
  const engines = await page.getByRole('group', { name: 'Engines' }).innerText()
  t.match(engines, /reader\s+postgresql[^]*read\s[^]*writer\s+default\s+postgresql[^]*read, write[^]*log\s+sqlite[^]*write, autocommit/)
  t.match(await page.locator('#main').innerText(), /the last 40[^]*EXPLAIN\s+allowed[^]*@mikro-orm\/core\s+7\./)
})

t.test('requests appear without a reload', async (t) => {
  await ask('/health')
  await row('/health').filter({ hasText: '200' }).filter({ hasText: 'no SQL' }).waitFor()
  await ask('/authors', { method: 'POST' })
  await row('/authors').filter({ hasText: '201' }).filter({ hasText: 'committed' }).waitFor()
  const waiting = ask('/wait?ms=700')
  await row('/wait').filter({ hasText: 'runs' }).waitFor()
  await waiting
  await row('/wait').filter({ hasText: '200' }).waitFor()
  t.equal(await links.count(), 3)
})

t.test('a request that writes: its statements, its transaction, its sessions', async (t) => {
  await row('/authors').click()
  t.match(await page.locator('.uses').innerText(), /writer END/)
  const texts = await rows.allInnerTexts()
  t.match(texts.join('\n'), /begin[^]*insert into "author"[^]*insert into "book"[^]*commit/i)
  t.match(texts.join('\n'), /insert into (?:`shelf`|shelf)/)
  await page.keyboard.press('3')
  const kinds = await page.getByRole('tabpanel').locator('tbody td:nth-child(2)').allInnerTexts()
  t.strictSame(kinds.filter((kind) => !kind.startsWith('#')).toSorted(), ['begin', 'commit', 'flush'])
  await page.keyboard.press('4')
  t.match(await page.getByRole('tabpanel').innerText(), /writer[^]*read, write[^]*Connections[^]*\d+ used, \d+ idle, \d+ waiting; \d+ at most/)
  t.equal(await page.getByText('not closed').count(), 0)
})

t.test('a loop over a relation is named, and leads to its statements', async (t) => {
  t.strictSame(await (await ask('/authors')).json(), ['Ada: 2', 'Brontë: 2', 'Cortázar: 2', "O'Hara: 2"])
  await page.getByRole('link', { name: /GET\s*\/authors/ }).click()
  await page.locator('h1').filter({ hasText: 'GET' }).waitFor()
  await page.keyboard.press('1')
  const callout = page.locator('.callout.warn')
  t.match(await callout.innerText(), /N\+1 on Author\.books/)
  t.match(await row('/authors').innerText(), /N\+1/)
  await callout.getByRole('button').click()
  t.equal(await rows.count(), 4)
  t.match(await rows.first().innerText(), /from "book"[^]*page\/fixtures\/shop\.ts:\d+/)
  await page.getByLabel('Group by statement').check()
  t.match(await rows.first().innerText(), /^4×/)
  await page.getByLabel('Group by statement').uncheck()
  await page.keyboard.press('2')
  t.match(await page.getByRole('tabpanel').innerText(), /4×\s+similar\s+reader/)
})

t.test('the plan of a recorded statement', async (t) => {
  await page.keyboard.press('1')
  await page.getByRole('button', { name: /show all again/ }).click()
  await rows.filter({ hasText: 'from "author"' }).locator('.opens').click()
  await page.getByRole('button', { name: 'EXPLAIN' }).click()
  await page.locator('.plan pre').waitFor()
  t.match(await page.locator('.plan pre').innerText(), /Seq Scan on author/)
  t.match(await page.locator('.details').innerText(), /process \d+[^]*Why reader\?/)
})

t.test('slow ones, failed ones', async (t) => {
  await ask('/slow')
  await row('/slow').filter({ hasText: /\d slow/ }).click() // a busy machine makes others slow as well
  await page.locator('h1').filter({ hasText: '/slow' }).waitFor()
  t.match(await page.locator('.numbers .warn').allInnerTexts(), [/SQL[^]*over 100 ms/, /Slow\s+\d/])
  t.equal((await ask('/wrong')).status, 500)
  await row('/wrong').filter({ hasText: '1 failed' }).filter({ hasText: '500' }).click()
  await page.locator('h1').filter({ hasText: '/wrong' }).waitFor()
  t.match(await rows.filter({ hasText: 'nowhere' }).innerText(), /failed/)
  await rows.filter({ hasText: 'nowhere' }).locator('.opens').click()
  t.match(await page.locator('.details .error').innerText(), /relation "nowhere" does not exist/)
})

t.test('filters, by engine too', async (t) => {
  await page.getByLabel('Engine', { exact: true }).selectOption('log')
  t.strictSame(await links.locator('.path').allInnerTexts(), ['/authors'])
  await page.getByLabel('Engine', { exact: true }).selectOption('')
  await page.getByLabel('Status').fill('5xx')
  t.strictSame(await links.locator('.path').allInnerTexts(), ['/wrong'])
  await page.getByLabel('Status').fill('')
})

t.test('a request that is over without having touched a session', async (t) => {
  await row('/health').click()
  await page.locator('h1').filter({ hasText: '/health' }).waitFor()
  t.match(await page.getByRole('tabpanel').innerText(), /No statement was sent/)
  await page.getByRole('tab', { name: 'Sessions' }).click()
  t.match(await page.getByRole('tabpanel').innerText(), /No session was touched/)
})

t.test('hostile texts in addresses, headers, statements, parameters, names and errors', async (t) => {
  for (const text of hostileStrings(30)) {
    const clean = text.toWellFormed().replaceAll('\0', '')
    await ask(`/search?text=${encodeURIComponent(clean)}`, { headers: { 'x-hostile': encodeURIComponent(clean), 'user-agent': clean.replaceAll(/[^\x20-\x7e]/g, '') } })
  }
  await row('h29h').filter({ hasText: /200|500/ }).waitFor()
  const count = await links.filter({ hasText: '/search' }).count()
  t.equal(count, 30)
  for (let index = 0; index < count; index++) {
    await links.nth(index).click()
    for (const tab of ['statements', 'timeline', 'sessions', 'request']) {
      await page.locator(`#tab-${tab}`).click()
      await page.evaluate(`document.querySelectorAll('.opens').forEach((button) => button.click())`)
    }
  }
  t.equal(await page.evaluate('typeof globalThis.planted'), 'undefined')
  t.equal(await page.evaluate(`document.querySelectorAll('#main :is(script, img, iframe, style, svg, form, base, meta), [onerror], [onclick], [onload], [id^=planted]').length`), 0)
})

t.test('a session that its request has left open is shown in red, until it is closed', async (t) => {
  const url = await postgresDatabase(t)
  const left = await application(t, { dialect: 'postgresql', at: url })
  left.get('/hurried', async (request) => {
    const writer = writerOf(request)
    await writer.begin()
    void writer.execute('select pg_advisory_lock(42)').catch(() => {}) // nobody waits for it
    return 'answered'
  })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(async () => await client.end())
  await client.query('select pg_advisory_lock(42)')
  const address = await listening(left)
  const { page, complaints } = await newPage(browser, `${address}/_sqlassist/`)
  await page.getByText('live', { exact: true }).waitFor()
  t.equal(await (await fetch(`${address}/hurried`)).text(), 'answered')

  const link = page.locator('#list a').filter({ hasText: '/hurried' })
  await link.filter({ hasText: '200' }).locator('.mark.bad').filter({ hasText: 'not closed' }).waitFor()
  await link.click()
  const uses = page.locator('.uses')
  t.match(await uses.innerText(), /writer START not closed/)
  const [red, other] = await page.evaluate<string[]>(`['.uses .mark.bad', '.uses .mark:not(.bad)'].map((one) => getComputedStyle(document.querySelector(one)).color)`)
  t.not(red, other)
  await page.keyboard.press('4')
  t.match(await page.getByRole('tabpanel').innerText(), /not closed[^]*not given back/)

  await client.query('select pg_advisory_unlock(42)')
  await link.filter({ hasNotText: 'not closed' }).waitFor()
  await uses.filter({ hasText: 'END' }).filter({ hasNotText: 'not closed' }).waitFor()
  t.notMatch(await page.getByRole('tabpanel').innerText(), /not closed|not given back/)
  t.strictSame(complaints, [])
})

t.test('two phases, another attempt, and a client that leaves, on the timeline', async (t) => {
  const [one, two] = [configOf(await postgres(t)), configOf(await postgres(t))]
  const towns = Fastify({ forceCloseConnections: true })
  t.teardown(async () => await towns.close())
  await towns.register(sqlassist, { engines: { one: { config: one, twoPhase: true }, two: { config: two, twoPhase: true } }, transaction: 'request' })
  await towns.register(sqlassistDebug)
  towns.post('/move', { config: { sqlassist: { retry: { attempts: 2, backoff: () => 0 } } } }, async (request) => {
    for (const writer of [townsOf(request).one, townsOf(request).two]) await writer.persistAndFlush(writer.create(Note, { text: 'moved' }))
    if (request.dbSession.transaction.attempt === 1) await townsOf(request).one.execute(`do $$ begin raise exception 'come again' using errcode = '40001'; end $$`)
    return 'moved'
  })
  towns.get('/long', async (request) => await townsOf(request).one.execute('select pg_sleep(600)'))
  const address = await listening(towns)
  const { page, complaints } = await newPage(browser, `${address}/_sqlassist/`)
  await page.getByText('live', { exact: true }).waitFor()
  const timeline = page.getByRole('tabpanel')

  t.equal(await (await fetch(`${address}/move`, { method: 'POST' })).text(), 'moved')
  await page.locator('#list a').filter({ hasText: '/move' }).filter({ hasText: '200' }).filter({ hasText: 'committed' }).click()
  await page.locator('h1').filter({ hasText: '/move' }).waitFor()
  await page.keyboard.press('3')
  const happened = (await timeline.locator('tr').allInnerTexts()).filter((line) => !/#\d/.test(line)).join('\n')
  t.match(happened, /The transaction begins[^]*Aborted: one, two[^]*come again[^]*The transaction begins, attempt 2[^]*prepares to commit[^]*prepares to commit/)
  t.match(happened, /Committed: one, two, attempt 2/)

  const leaving = new AbortController()
  const gone = fetch(`${address}/long`, { signal: leaving.signal }).catch(() => {})
  await page.locator('#list a').filter({ hasText: '/long' }).click()
  await page.locator('h1').filter({ hasText: '/long' }).waitFor()
  await page.keyboard.press('1')
  await rowsOf(page).filter({ hasText: 'pg_sleep' }).waitFor()
  leaving.abort()
  await gone
  await page.locator('h1').filter({ hasText: 'left' }).waitFor()
  await page.keyboard.press('3')
  await timeline.getByText(/The server was asked to stop what 'one' runs: the session has ended/).waitFor()
  t.match(await timeline.innerText(), /Aborted: one/)
  t.strictSame(complaints, [])
})

t.test('the list is cleared', async (t) => {
  await page.getByRole('button', { name: 'Clear' }).click()
  await page.getByText('No requests yet').waitFor()
  t.equal(await links.count(), 0)
  await ask('/health')
  await row('/health').waitFor()
  t.equal(await links.count(), 1, 'the panel does not record itself')
})

t.test('nothing was refused by the content policy, nothing failed, nobody asked', (t) => {
  t.strictSame(complaints, [])
  t.end()
})

t.test('a breach of the policy would have been noticed', async (t) => {
  const { page, complaints } = await newPage(browser, panel)
  const told = page.waitForEvent('console')
  await page.evaluate(`document.body.setAttribute('style', 'color: red')`)
  await told
  t.match(complaints, [/Content Security Policy/])
  await t.rejects(page.evaluate(`document.body.innerHTML = '<b>no</b>'`), /TrustedHTML/)
})

t.test('the page is found without the slash too', async (t) => {
  const { page } = await newPage(browser, `${panel.slice(0, -1)}?path=health`)
  await page.locator('#list a').first().waitFor()
  t.equal(new URL(page.url()).pathname, '/_sqlassist/')
})
