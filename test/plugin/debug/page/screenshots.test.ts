// The pictures of docs/debug-panel.md, of a real application. With UPDATE_DOCS=1 they are made anew; without, only that they could be.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { FULL } from '../../../support/size.ts'
import { newPage, startBrowser } from './fixtures/browser.ts'
import { shop } from './fixtures/shop.ts'

t.setTimeout(600_000)
const folder = fileURLToPath(new URL('../../../../docs/images/', import.meta.url))
const PICTURES = [
  ['panel-light', { colorScheme: 'light', viewport: { width: 1360, height: 860 } }, ''],
  ['panel-dark', { colorScheme: 'dark', viewport: { width: 1360, height: 860 } }, 'EXPLAIN'],
  ['panel-narrow', { colorScheme: 'light', viewport: { width: 360, height: 860 } }, ''],
] as const

const MAKES = process.env['UPDATE_DOCS'] === '1'

t.test('pictures', { skip: FULL || MAKES ? false : 'only with TEST_FULL=1 or UPDATE_DOCS=1' }, async (t) => {
  const { panel, ask } = await shop(t, { explain: true })
  const browser = await startBrowser(t)
  await ask('/authors', { method: 'POST' })
  for (const path of ['/health', '/search?text=tea', '/slow', '/wrong', '/nowhere', '/authors']) await ask(path)
  await ask('/authors/rename', { method: 'POST' })

  for (const [name, options, button] of PICTURES) {
    const { page, complaints } = await newPage(browser, panel, options)
    await page.locator('#list a').filter({ hasText: '/authors/rename' }).click()
    await page.locator('tr.row').first().waitFor()
    if (button !== '') {
      await page.locator('tr.row').filter({ hasText: 'from "author"' }).first().locator('.opens').click()
      await page.getByRole('button', { name: button }).click()
      await page.locator('.plan pre').waitFor()
      await page.locator('.tabs').evaluate('document.querySelector(".overview").scrollIntoView()')
      await page.mouse.move(0, 0)
    }
    const picture = await page.screenshot()
    t.ok(picture.length > 10_000, name)
    t.strictSame(complaints, [])
    if (MAKES) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(`${folder}${name}.png`, picture)
    }
    const kept = readFileSync(`${folder}${name}.png`)
    t.equal(kept.readUInt32BE(16), options.viewport.width, `docs/images/${name}.png is a picture of that width`)
  }
})
