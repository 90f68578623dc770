// With this preloaded every engine of a test that does not say otherwise goes without prepared statements, as MikroORM does by itself: what holds with them has
// to hold without.
import { registerHooks } from 'node:module'

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.split('?', 1)[0].endsWith('/orm/engines/prepared-statements.ts')) return loaded
    if (typeof loaded.source !== 'string') throw new Error('the source comes compiled by plain-sources.js')
    const source = loaded.source.replace(/mode(?:: PreparedStatements)?\s+= 'auto'/, 'mode = false')
    if (!source.includes('mode = false')) throw new Error('the default of preparedStatements is not where it was')
    return { ...loaded, source }
  },
})
