// Strings that want to be more than text, wherever a text of somebody else is shown. None becomes a node, none runs. 10,000 of them at full size.
import type { Page } from 'playwright-core'
import t from 'tap'
import type { RequestDetail } from '../../../../plugin/debug/types.ts'
import { FULL } from '../../../support/size.ts'
import { newPage, startBrowser } from './fixtures/browser.ts'
import { hostileStrings } from './fixtures/hostile.ts'
import { engines, info, request, statement } from './fixtures/recorded.ts'
import { recordedPanel } from './fixtures/recorded-panel.ts'

t.setTimeout(1_200_000)
const REQUESTS = FULL ? 20 : 1
const STATEMENTS = 117
const TABS = ['statements', 'repeats', 'timeline', 'sessions', 'request'] as const
const browser = await startBrowser(t)

/** A request with every text taken from the strings. */
function requestOf(id: number, next: () => string): RequestDetail {
  const [reader, writer] = [next(), next()]
  return {
    ...request, id, requestId: next(), method: next(), url: next(), route: next(), attribute: next(), statusCode: 200,
    engines: [{ name: reader, status: 'END', notClosed: false }, { name: writer, status: 'START', notClosed: true }],
    headers: Object.fromEntries(Array.from({ length: 4 }, () => [next(), next()])),
    sessions: [{ ...request.sessions[0]!, engine: reader, why: next(), routes: [{ server: next(), why: next(), asked: next(), found: next(), waitedMs: 1, atMs: 0 }] }, { ...request.sessions[1]!, engine: writer, why: next() }],
    connections: [{ ...request.connections[0]!, engine: reader, error: next() }],
    timeline: Array.from({ length: 6 }, (_, index) => ({ ...request.timeline[0]!, atMs: index, engine: reader, text: next(), error: next() })),
    records: Array.from({ length: STATEMENTS }, (_, index) => statement({
      n: index + 1, engine: index % 2 ? reader : writer, session: 1 + (index % 2), sql: next(), parameters: [next()], error: next(), fingerprint: `${index}`,
      caller: { file: `/srv/${next()}`, line: 1, column: 1 },
    })),
    groups: [{ ...request.groups[0]!, engine: reader, sql: next(), statements: [1, 2] }],
    suspicions: [{ ...request.suspicions[0]!, engine: writer, entity: next(), relation: next(), text: next(), statements: [1, 2] }],
  }
}

const harmless = (() => { let index = 0; return () => `h${index++}h` })()
const strings = hostileStrings(REQUESTS * 510)
let used = 0
const next = (): string => strings[used++]!
const requests = Array.from({ length: REQUESTS }, (_, index) => requestOf(index + 1, next))

/** What the page consists of, but for the colours of SQL; and what must not be there. */
const LOOK = `(() => {
  const elements = [...document.querySelectorAll('*')]
  const attributes = elements.flatMap((element) => [...element.attributes].map(({ name }) => name))
  return {
    shape: elements.filter((element) => !element.closest('.sql *')).map(({ localName }) => localName).join(' '),
    handlers: attributes.filter((name) => name.startsWith('on') || name === 'style' || name === 'srcdoc'),
    planted: elements.filter(({ id, attributes }) => /planted|h\\d+h/.test(id) || [...attributes].some(({ name }) => name.includes('planted'))).length,
    links: [...new Set([...document.links].map(({ protocol }) => protocol))],
    outside: [...document.querySelectorAll('[src], link')].map((element) => element.src ?? element.href).filter((address) => !address.startsWith(location.origin) && !address.startsWith('data:image/svg')),
    ran: typeof globalThis.planted !== 'undefined',
    text: document.body.textContent,
  }
})()`

interface Look {
  readonly shape: string
  readonly handlers: readonly string[]
  readonly planted: number
  readonly links: readonly string[]
  readonly outside: readonly string[]
  readonly ran: boolean
  readonly text: string
}

/** A request in all its tabs, with all statements opened. */
async function looks(page: Page, url: string, id: number): Promise<Look[]> {
  const all: Look[] = []
  await page.goto(`${url}?request=${id}`)
  await page.locator('article.request').waitFor()
  for (const tab of TABS) {
    await page.locator(`#tab-${tab}`).click()
    await page.evaluate(`document.querySelectorAll('.opens').forEach((button) => button.click())`)
    all.push(await page.evaluate<Look>(LOOK))
  }
  return all
}

t.test('the strings are those', async (t) => {
  t.equal(new Set(strings).size, strings.length)
  t.ok(used >= REQUESTS * 500, `${used} of them are in requests, no one twice`)
})

t.test('the page is the same as with harmless texts, and nothing has run', async (t) => {
  const calm = await recordedPanel(t, { requests: Array.from({ length: REQUESTS }, (_, index) => requestOf(index + 1, harmless)) })
  const names = Array.from({ length: 3 }, next)
  const hostile = await recordedPanel(t, {
    requests, engines: engines.map((engine, index) => ({ ...engine, name: names[index]!, database: next(), dialect: next() })),
    info: { ...info, hints: [], versions: Object.fromEntries(Array.from({ length: 20 }, () => [next(), next()])) },
  })
  const { page: calmPage } = await newPage(browser, calm.url)
  const { page, complaints } = await newPage(browser, hostile.url)
  const marks = new Set<string>()
  for (let id = 1; id <= REQUESTS; id++) {
    const expected = await looks(calmPage, calm.url, id)
    for (const [index, look] of (await looks(page, hostile.url, id)).entries()) {
      const where = `request ${id}, ${TABS[index]}`
      t.ok(look.shape === expected[index]!.shape, `${where}: as many elements, of the same kinds`)
      t.match({ ...look, text: '' }, { handlers: [], planted: 0, outside: [], ran: false }, where)
      t.strictSame(look.links.filter((protocol) => !['http:', 'vscode:'].includes(protocol)), [], where)
      for (const [mark] of look.text.matchAll(/h\d+h/g)) marks.add(mark)
      t.notMatch(look.text, /(?![\t\n])[\p{Cc}\p{Cf}]/u, `${where}: what cannot be seen is written out`)
    }
  }
  t.ok(marks.size >= REQUESTS * 500, `${marks.size} of the strings were seen`)
  t.strictSame(complaints, [])
})

t.test('as addresses of the page, and as events', async (t) => {
  const panel = await recordedPanel(t, { requests: [] })
  const { page, complaints } = await newPage(browser, panel.url)
  await page.getByText('live', { exact: true }).waitFor()
  const elements = async () => await page.evaluate<number>('document.querySelectorAll("body *").length')
  for (const [index, text] of hostileStrings(30).entries()) {
    await page.goto(`${panel.url}?${new URLSearchParams({ path: text, method: text, engine: text, status: text, tab: text, view: index % 2 ? text : '' }).toString()}`)
    await page.locator('#main article').waitFor({ state: 'attached' })
    t.match(await page.evaluate<Look>(LOOK), { handlers: [], planted: 0, outside: [], ran: false })
  }
  await page.goto(panel.url)
  await page.getByText('No requests yet').waitFor()
  const before = await elements()
  const { records, groups, timeline, sessions, connections, suspicions, headers, cut, attribute, ...summary } = requests[0]!
  void [records, groups, timeline, sessions, connections, suspicions, headers, cut, attribute]
  for (const [index, text] of hostileStrings(30).entries()) panel.publish({ ...summary, id: index + 1, url: text, method: 'GET' })
  await page.getByText('h29h').first().waitFor()
  t.ok((await elements()) > before)
  t.match(await page.evaluate<Look>(LOOK), { handlers: [], planted: 0, outside: [], ran: false })
  t.strictSame(complaints, [])
})

t.test('a node that was planted would have been found', async (t) => {
  const panel = await recordedPanel(t)
  const { page } = await newPage(browser, panel.url)
  await page.evaluate(`document.body.append(Object.assign(document.createElement('img'), { id: 'planted', src: 'https://example.org/' }))`)
  t.match(await page.evaluate<Look>(LOOK), { planted: 1, outside: ['https://example.org/'] })
})
