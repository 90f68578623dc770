// What axe-core finds wrong for people who do not see the page, or not well.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t from 'tap'
import { FULL } from '../../../support/size.ts'
import { newPage, startBrowser } from './fixtures/browser.ts'
import { info } from './fixtures/recorded.ts'
import { recordedPanel } from './fixtures/recorded-panel.ts'

interface Violation {
  readonly id: string
  readonly impact: string
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

t.setTimeout(600_000)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const browser = await startBrowser(t)
const panel = await recordedPanel(t, { info: { ...info, hints: ['Something is to be said.'] } })
const empty = await recordedPanel(t, { requests: [], engines: [] })

const VIEWS: readonly (readonly [name: string, address: string, steps: readonly string[]])[] = [
  ['the application', panel.url, []],
  ['nothing', empty.url, []],
  ['statements', `${panel.url}?request=42`, ['[data-row=s1] .opens', '[data-row=s12] .opens', '.details button:has-text("EXPLAIN")']],
  ['groups', `${panel.url}?request=42`, ['text=Group by statement', '[data-row=g2] .opens']],
  ['repeats', `${panel.url}?request=42&tab=repeats`, []],
  ['timeline', `${panel.url}?request=42&tab=timeline`, []],
  ['sessions', `${panel.url}?request=42&tab=sessions`, []],
  ['the request itself', `${panel.url}?request=42&tab=request`, []],
  ['a request without SQL', `${panel.url}?request=41`, []],
  ['a filter that nothing passes', `${panel.url}?path=nowhere`, []],
  ['help', panel.url, ['#help']],
  ['paused', panel.url, ['#pause']],
]

/** At part of the size: the one with most in it. */
const views = FULL ? VIEWS : VIEWS.filter(([name]) => name === 'statements')

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of FULL ? [1360, 360] : colorScheme === 'light' ? [1360] : [360]) {
    t.test(`${colorScheme}, ${width} wide`, async (t) => {
      for (const [name, address, steps] of views) {
        // The page's own policy lets no script in from elsewhere, nor axe-core.
        const { page } = await newPage(browser, address, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
        await page.locator('#main > *').first().waitFor({ state: 'attached' })
        for (const step of steps) await page.locator(step).first().click()
        await page.evaluate(axe)
        const { violations, passes } = await page.evaluate<{ violations: Violation[]; passes: unknown[] }>('axe.run(document)')
        t.ok(passes.length > 15, `${name}: ${passes.length} rules were kept`)
        t.strictSame(violations.map(({ id, impact, help, nodes }) => `${impact}: ${id}: ${help}: ${nodes.length} × ${nodes[0]?.html} ${nodes[0]?.failureSummary}`), [], name)
        await page.context().close()
      }
    })
  }
}
