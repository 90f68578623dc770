// The page is clicked through as people do it. What it shows was recorded once, so that there is everything in it; see application.test.ts for a real one.
import t, { type Test } from 'tap'
import { newPage, startBrowser } from './fixtures/browser.ts'
import { info, quietRequest, request, statement, summaryOf } from './fixtures/recorded.ts'
import { recordedPanel, type Said } from './fixtures/recorded-panel.ts'

t.setTimeout(600_000)
const browser = await startBrowser(t)

async function open(t: Test, query = '', said: Said = {}, options = {}) {
  const panel = await recordedPanel(t, said)
  const opened = await newPage(browser, panel.url + query, options)
  t.teardown(async () => await opened.page.context().close())
  await opened.page.getByText('live', { exact: true }).waitFor()
  await opened.page.locator('#main > *').first().waitFor({ state: 'attached' })
  return { ...opened, panel, links: opened.page.locator('#list li:not([hidden]) a') }
}

t.test('requests appear as they begin, and say how they ended', async (t) => {
  const { page, panel, links, complaints } = await open(t)
  t.match(await links.allInnerTexts(), [/200\s+GET\s+\/authors\?name=o%27h[^]*13 statements, 157 ms[^]*committed[^]*1 failed\s+not closed\s+1 slow\s+N\+1/, /\/health[^]*no SQL/])

  const next = { ...summaryOf(quietRequest), id: 43, url: '/slow', state: 'running', statusCode: null, durationMs: null } as const
  panel.publish(next)
  await links.filter({ hasText: '/slow' }).filter({ hasText: 'runs' }).waitFor()
  t.match(await links.first().innerText(), /\/slow/, 'the newest is on top')
  panel.publish({ ...next, state: 'answered', statusCode: 503, durationMs: 9.94 })
  await links.filter({ hasText: '503' }).filter({ hasText: '9.94 ms' }).waitFor()
  panel.publish({ ...next, id: 44, state: 'left' })
  await links.filter({ hasText: 'left' }).waitFor()
  t.equal(await links.count(), 4)
  t.equal(await page.locator('#count').innerText(), '4 requests')
  t.strictSame(complaints, [])
})

t.test('paused, the list stands still; going on shows what has come', async (t) => {
  const said: Said = { requests: [quietRequest] }
  const { page, panel, links } = await open(t, '', said)
  await page.getByRole('button', { name: 'Pause' }).click()
  said.requests = [{ ...request, state: 'running' }, quietRequest]
  panel.publish({ ...summaryOf(request), state: 'running' })
  await page.getByText('paused, 1 more').waitFor()
  t.equal(await links.count(), 1)
  await page.getByRole('button', { name: 'Go on' }).click()
  await links.filter({ hasText: '/authors' }).waitFor()
  t.equal(await page.locator('#connection').innerText(), 'live')
})

t.test('only as many are shown as are kept', async (t) => {
  const { panel, links } = await open(t, '', { info: { ...info, maxRequests: 3 }, requests: [] })
  for (let id = 1; id <= 5; id++) panel.publish({ ...summaryOf(quietRequest), id, url: `/number/${id}` })
  await links.filter({ hasText: '/number/5' }).waitFor()
  t.match(await links.allInnerTexts(), [/number\/5/, /number\/4/, /number\/3/])
  t.equal(await links.count(), 3)
})

t.test('filters, which are in the address', async (t) => {
  const requests = [
    request, quietRequest,
    { ...quietRequest, id: 40, method: 'POST', url: '/orders', statusCode: 404 },
    { ...quietRequest, id: 39, url: '/orders/1', statusCode: 500 },
  ]
  const { page, links, panel } = await open(t, '', { requests })
  const shown = async () => (await links.locator('.path').allInnerTexts()).join(' ')
  await page.getByLabel('Part of the path').fill('ORD')
  t.equal(await shown(), '/orders /orders/1')
  t.equal(await page.locator('#count').innerText(), '2 of 4 requests')
  await page.getByLabel('Status').fill('4xx')
  t.equal(await shown(), '/orders')
  t.match(new URL(page.url()).search, '?path=ORD&status=4xx')
  await page.reload()
  await links.first().waitFor()
  t.equal(await shown(), '/orders', 'it is kept')
  await page.getByLabel('Method').selectOption('GET')
  t.equal(await shown(), '')
  t.match(await page.locator('#no-requests').innerText(), /None of the 4 requests is one of these/)
  await page.getByRole('button', { name: 'Show all' }).click()
  t.equal(await links.count(), 4)
  await page.getByLabel('Engine', { exact: true }).selectOption('log')
  t.equal(await shown(), '/authors?name=o%27h', 'an engine that was only there has not been used')
  panel.publish({ ...summaryOf(request), id: 50, url: '/another' })
  panel.publish({ ...summaryOf(quietRequest), id: 51, url: '/not-this' })
  await links.filter({ hasText: '/another' }).waitFor()
  t.equal(await shown(), '/another /authors?name=o%27h', 'those that come are filtered too')
})

t.test('one request: its numbers, engines, warnings', async (t) => {
  const { page, links, complaints } = await open(t)
  await links.first().click()
  const article = page.locator('article.request')
  t.match(await article.locator('h1').innerText(), /200\s+GET\s+\/authors\?name=o%27h/)
  const numbers = article.locator('.numbers > div')
  t.match(await numbers.allInnerTexts(), [/Statements\s+13/, /Distinct\s+6\s+7 repeats/, /SQL\s+157 ms\s+long: 92 % of the request, over 100 ms/, /Entities\s+36\s+of the sessions that are closed/, /Slow\s+1/, /Failed\s+1\s+with an error/])
  const colours = await page.evaluate<string[]>(`[...document.querySelectorAll('.numbers > div')].map((element) => getComputedStyle(element).backgroundColor)`)
  t.equal(new Set(colours).size, 3, 'nothing to say, to be looked at, wrong')
  t.match(await article.locator('.uses').innerText(), /reader END\s+9 statements, 24.4 ms\s+writer END\s+3 statements, 132 ms\s+log START not closed\s+1 statement, 0\.7 ms/)
  t.match(await article.innerText(), /request\.dbSession[^]*route\s+\/authors[^]*Not everything was kept[^]*the callers of 2 statements/)
  t.match(new URL(page.url()).search, 'request=42')
  await page.goBack()
  await page.getByRole('heading', { name: 'Application' }).waitFor()
  t.strictSame(complaints, [])
})

t.test('statements: order, details, what is internal, groups', async (t) => {
  const { page } = await open(t, '?request=42')
  const rows = page.locator('tr.row')
  t.equal(await rows.count(), 13)
  await page.getByRole('button', { name: 'Time', exact: true }).click()
  t.match(await rows.first().innerText(), /update "authors"[^]*slow[^]*2 changed[^]*131 ms/, 'the longest first')
  t.equal(await page.getByRole('columnheader', { name: 'Time' }).getAttribute('aria-sort'), 'descending')
  await page.getByRole('button', { name: 'Time', exact: true }).click()
  t.match(await rows.last().innerText(), /update "authors"/)
  await page.getByLabel('Hide internal (2)').check()
  t.equal(await rows.count(), 11)
  await page.getByRole('button', { name: '#', exact: true }).click()

  await rows.first().locator('.opens').click()
  const details = page.locator('.details')
  t.match(await details.innerText(), /limit 20[^]*1 parameter[^]*'%o''h%'[^]*process 30121 · session 1 · 12 rows · from shop\/routes\/authors\.ts:27[^]*Why reader\? it was asked for by its name\s+Why replica 2\? it has what the client has seen/)
  t.equal(await details.locator('.caller').getAttribute('href'), 'vscode://file/srv/shop/routes/authors.ts:27:18')
  t.ok((await details.locator('.sql-keyword').allInnerTexts()).includes('select'))
  await rows.first().locator('.opens').click()
  t.equal(await details.count(), 0)

  await page.getByLabel('Group by statement').check()
  const group = rows.filter({ hasText: '8×' })
  t.match(await group.innerText(), /from "books"[^]*24[^]*ms/)
  await group.locator('.opens').click()
  t.equal(await details.locator('tr.row').count(), 8)
})

t.test('a suspicion and a group lead to their statements', async (t) => {
  const { page } = await open(t, '?request=42&tab=repeats')
  t.match(await page.locator('.callout.warn').innerText(), /N\+1 on Author\.books\s+reader[^]*populate/)
  t.match(await page.locator('[role=tabpanel] tbody tr').allInnerTexts(), [/8×\s+similar\s+reader[^]*18\.2 ms/, /2×\s+duplicate/])
  await page.getByRole('button', { name: 'Show the 2 statements' }).click()
  t.equal(await page.locator('tr.row').count(), 2)
  await page.getByRole('button', { name: '2 × duplicate: show all again' }).click()
  t.equal(await page.locator('tr.row').count(), 13)
  await page.getByRole('button', { name: 'Show the 8', exact: true }).click()
  t.equal(await page.locator('tr.row').count(), 8)
})

t.test('copying, and a plan', async (t) => {
  const { page } = await open(t, '?request=42', {}, { permissions: ['clipboard-read', 'clipboard-write'] })
  const copied = async () => await page.evaluate('navigator.clipboard.readText()')
  await page.locator('[data-row=s1] .opens').click()
  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  await page.getByText('Copied').waitFor()
  t.equal(await copied(), request.records[0]!.sql)
  await page.getByRole('button', { name: 'Copy as runnable SQL' }).click()
  await page.waitForFunction(`navigator.clipboard.readText().then((text) => text.includes("'%o''h%'"))`)
  t.equal(await copied(), request.records[0]!.runnable)
  await page.getByRole('button', { name: 'EXPLAIN' }).click()
  t.match(await page.locator('.plan pre').innerText(), /Seq Scan on books/)

  await page.locator('[data-row=s11] .opens').click()
  t.match(await page.locator('.details').last().innerText(), /Not runnable: something in it is masked\.[^]*No EXPLAIN for this one/)
})

t.test('timeline, sessions, the request itself', async (t) => {
  const { page } = await open(t, '?request=42')
  const panel = page.getByRole('tabpanel')
  await page.getByRole('tab', { name: 'Timeline' }).click()
  t.equal(await panel.locator('tbody tr').count(), 6 + 13)
  await page.getByLabel('With statements').uncheck()
  const kinds = await panel.locator('tbody td:nth-child(2)').allInnerTexts()
  t.strictSame(kinds, ['begin', 'flush', 'savepoint', 'hook', 'commit', 'hook'])
  t.match(await panel.innerText(), /connect ECONNREFUSED/)
  await page.getByRole('tab', { name: 'Sessions' }).click()
  t.match(await panel.innerText(), /replica 2: it has what the client has seen: 1\/5C0 on timeline 1, asked for 1\/5C0, found 1\/5D8, chosen in 2\.\d? ?ms[^]*writer: none of its replicas[^]*any means writer[^]*not closed[^]*30125[^]*2 used, 1 idle, 2 waiting; 10 at most\s+destroyed/)
  await page.getByRole('tab', { name: 'Request', exact: true }).click()
  t.match(await panel.innerText(), /req-2a[^]*user-agent\s+curl[^]*authorization\s+\*\*\*/)
  t.match(new URL(page.url()).search, 'tab=request')
})

t.test('keys', async (t) => {
  const { page, links } = await open(t)
  const focused = async () => await page.evaluate('document.activeElement.innerText')
  await page.keyboard.press('j')
  t.match(await focused(), /authors/)
  await page.keyboard.press('ArrowDown')
  t.match(await focused(), /health/)
  await page.keyboard.press('k')
  await page.keyboard.press('Enter')
  await page.locator('article.request').waitFor()
  await page.keyboard.press('3')
  t.equal(await page.getByRole('tab', { name: 'Timeline' }).getAttribute('aria-selected'), 'true')
  await page.getByRole('tab', { name: 'Timeline' }).focus()
  await page.keyboard.press('ArrowRight')
  t.equal(await page.getByRole('tab', { name: 'Sessions' }).getAttribute('aria-selected'), 'true')
  t.match(await focused(), /Sessions/)
  await page.keyboard.press('Escape')
  await page.getByRole('heading', { name: 'Application' }).waitFor()
  t.match(await focused(), /authors/, 'back where it was')
  await page.keyboard.press('/')
  await page.keyboard.type('jk?')
  t.equal(await page.getByLabel('Part of the path').inputValue(), 'jk?', 'what is typed is no command')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByRole('dialog').getByText('next and previous request').waitFor()
  t.match(await page.getByRole('dialog').innerText(), /not closed\s+The request is over/)
  await page.keyboard.press('Escape')
  t.equal(await page.getByRole('dialog').count(), 0)
  t.equal(await links.count(), 0)
})

t.test('dark, light, and as the system has it', async (t) => {
  const { page } = await open(t, '', {}, { colorScheme: 'dark' })
  const ground = async () => await page.evaluate('getComputedStyle(document.body).backgroundColor')
  t.equal(await ground(), 'rgb(20, 23, 26)')
  await page.getByRole('button', { name: 'Theme: auto' }).click()
  t.equal(await ground(), 'rgb(246, 246, 244)')
  await page.reload()
  await page.getByRole('button', { name: 'Theme: light' }).click()
  t.equal(await ground(), 'rgb(20, 23, 26)')
})

t.test('a narrow window shows one thing at a time, and nothing is wider than it', async (t) => {
  const { page, links, complaints } = await open(t, '', {}, { viewport: { width: 360, height: 720 } })
  const width = async () => await page.evaluate('document.documentElement.scrollWidth')
  t.equal(await width(), 360)
  await links.first().click()
  await page.locator('article.request').waitFor()
  t.notOk(await page.locator('#list').isVisible())
  for (const tab of ['Statements', 'Repeats', 'Timeline', 'Sessions', 'Request']) {
    await page.getByRole('tab', { name: tab }).click()
    t.equal(await width(), 360, tab)
    t.equal(await page.evaluate('document.querySelector("#main").scrollWidth'), 360, tab)
  }
  await page.getByRole('link', { name: '← All requests' }).click()
  t.ok(await page.locator('#list').isVisible())
  t.strictSame(complaints, [])
})

t.test('nothing to be seen, in words', async (t) => {
  const { page } = await open(t, '?request=41')
  const panel = page.getByRole('tabpanel')
  for (const [tab, words] of [
    ['Statements', /No statement was sent by this request/], ['Repeats', /none was repeated/], ['Timeline', /had no transaction/],
    ['Sessions', /No session was touched by this request[^]*No connections were active on this request/], ['Request', /It came without headers/],
  ] as const) {
    await page.getByRole('tab', { name: tab }).click()
    t.match(await panel.innerText(), words)
  }
  const none = await open(t, '', { requests: [], engines: [], info: { ...info, hints: ['fastify-sqlassist is not registered: register it before the panel.'] } })
  t.match(await none.page.locator('#no-requests').innerText(), /No requests yet/)
  t.match(await none.page.locator('#main').innerText(), /Set-up: fastify-sqlassist is not registered[^]*No engines/)
  const gone = await open(t, '?request=7')
  t.match(await gone.page.locator('#main').innerText(), /Request 7 is not here\. Only the last 100 are kept, in memory\. \(There is no such request\.\)/)
})

t.test('a request that runs is looked at again until it ends', async (t) => {
  const running = { ...request, state: 'running', statusCode: null, durationMs: null, records: request.records.slice(0, 1) } as const
  const said: Said = { requests: [running] }
  const { page, panel } = await open(t, '?request=42', said)
  t.equal(await page.locator('tr.row').count(), 1)
  await page.locator('[data-row=s1] .opens').click()
  for (let looks = 0; looks < 2; looks++) await page.waitForResponse((response) => response.url().endsWith('/requests/42'))
  said.requests = [{ ...running, records: request.records.slice(0, 2) }]
  await page.locator('[data-row=s2]').waitFor()
  t.equal(await page.locator('.details').count(), 1, 'what was open stays open')
  t.equal(await page.evaluate('document.activeElement.dataset.key'), 's1', 'and the focus where it was')
  said.requests = [request]
  panel.publish(summaryOf(request))
  await page.getByText('answered in 171 ms').waitFor()
  t.equal(await page.locator('tr.row').count(), 13)
})

t.test('500 statements', async (t) => {
  const records = Array.from({ length: 500 }, (_, index) => statement({ n: index + 1 }))
  const { page } = await open(t, '?request=42', { requests: [{ ...request, records, groups: [] }] })
  t.equal(await page.locator('tr.row').count(), 500)
  const took = await page.evaluate(`(() => { const began = performance.now(); document.querySelector('th button').click(); document.body.offsetHeight; return performance.now() - began })()`)
  t.comment(`sorted and laid out in ${Math.round(took as number)} ms`)
  t.match(await page.locator('tr.row').first().innerText(), /^500\s/)
})

t.test('the application goes away and comes back', async (t) => {
  const said: Said = { requests: [quietRequest] }
  const { page, panel, links } = await open(t, '', said)
  panel.refuse(true)
  await page.getByText('not connected: the application does not answer').waitFor()
  said.requests = [request, quietRequest]
  panel.refuse(false)
  await page.getByText('live', { exact: true }).waitFor()
  await links.filter({ hasText: '/authors' }).waitFor()
  t.equal(await links.count(), 2, 'what it has missed is there')
})
