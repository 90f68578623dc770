// The arrows of the house run one way. The rules are in .dependency-cruiser.cjs, each with its reason.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser'
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import t from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))
const rules = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
  readonly forbidden: NonNullable<ICruiseOptions['ruleSet']>['forbidden']
  readonly options: ICruiseOptions & { readonly enhancedResolveOptions: object }
}

async function check(folders: string[], forbidden = rules.forbidden!): Promise<ICruiseResult> {
  const options = { ...rules.options, baseDir: root, validate: true, ruleSet: { forbidden } }
  const { output } = await cruise(folders, options, rules.options.enhancedResolveOptions, { tsConfig: extractTsConfig(`${root}/tsconfig.json`) })
  return output as ICruiseResult
}

t.test('imports run plugin -> orm -> @mikro-orm/core, without cycles', async (t) => {
  const { modules, summary } = await check(['orm', 'plugin'])
  t.strictSame(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`), [])
  const own = modules.filter(({ source }) => /^(?:orm|plugin)\//.test(source))
  t.ok(own.length > 40, `${own.length} files were looked at`)
  t.ok(own.some(({ source, dependencies }) => source === 'plugin/plugin.ts' && dependencies.some(({ resolved }) => resolved.startsWith('orm/'))), 'arrows are seen')
})

t.test('the check can fail', async (t) => {
  const { summary } = await check(['plugin'], [{ name: 'plugin-stands-alone', severity: 'error', from: { path: '^plugin/' }, to: { path: '^orm/' } }])
  t.ok(summary.violations.length > 0)
})
