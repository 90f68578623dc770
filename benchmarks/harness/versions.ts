import { existsSync, readFileSync } from 'node:fs'

const PACKAGES = ['fastify', '@mikro-orm/core', 'kysely', 'pg', 'better-sqlite3', 'typeorm', 'drizzle-orm', 'postgres']

/** Of everything that is compared, as it is installed. */
export function versions(postgresql: string): Record<string, string> {
  const installed = PACKAGES.flatMap((name) => {
    const file = ['../node_modules/', '../../node_modules/'].map((folder) => new URL(`${folder}${name}/package.json`, import.meta.url)).find((url) => existsSync(url))
    return file === undefined ? [] : [[name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version] as const]
  })
  return { 'Node.js': process.versions.node, PostgreSQL: postgresql, ...Object.fromEntries(installed) }
}
