import { createSqlAssist } from '../../orm/index.ts'
import type { Stage } from '../harness/stage.ts'
import type { Variant } from '../harness/variant.ts'
import { configOf } from '../peers/mikro-orm-config.ts'

/** The variants that were asked for, without those that need an option which the package does not know yet. */
export async function available(stage: Stage, variants: readonly Variant[]): Promise<Variant[]> {
  const chosen = variants.filter(({ name, reference }) => reference === true || (stage.variants?.has(name) ?? true))
  const known: Variant[] = []
  for (const variant of chosen) {
    const missing = await unknown(variant)
    if (missing === undefined) known.push(variant)
    else stage.tell(`left out: ${variant.words} (${missing})`)
  }
  return known
}

async function unknown({ setting }: Variant): Promise<string | undefined> {
  if (setting?.options === undefined) return undefined
  const config = configOf({ database: 'postgresql', url: 'postgresql://nobody@127.0.0.1:1/none', pool: 1, engines: 1 }, [])
  const kind = setting.way === 'logger' ? { autocommit: true } : { readonly: true }
  try {
    const db = await createSqlAssist({ engines: { reader: { config: { ...config, discovery: { warnWhenNoEntities: false } }, ...kind, ...setting.options } }, discovery: 'deferred' })
    await db.dispose()
    return undefined
  } catch (error) {
    return (error as Error).message.split(';')[0]
  }
}
