import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { hintsOf } from './hints.ts'
import type { Panel } from './panel.ts'
import type { PanelInfo } from './types.ts'

/** What the panel says of itself. */
export function infoOf(panel: Panel): PanelInfo {
  const { attribute, settings: { explain, slowQueryMs, maxRequests, maxStatements, maxBytes, parametersShown } } = panel
  return { attribute, explain: explain.size > 0, slowQueryMs, maxRequests, maxStatements, maxBytes, parametersShown, versions: versions(panel), pid: process.pid, hints: hintsOf(panel) }
}

function versions({ app }: Panel): Record<string, string> {
  return { node: process.versions.node, fastify: app.version, '@mikro-orm/core': versionOf('@mikro-orm/core/package.json'), 'fastify-sqlassist': versionOf('fastify-sqlassist/package.json') }
}

function versionOf(manifest: string): string {
  try {
    return (JSON.parse(readFileSync(createRequire(import.meta.url).resolve(manifest), 'utf8')) as { version: string }).version
  } catch {
    /* c8 ignore next 2 -- both packages let it be read in this version */
    return 'unknown'
  }
}
