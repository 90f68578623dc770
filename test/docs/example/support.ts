import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../../docs/example/app.ts'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

/** A folder for the example's SQLite files, gone after the test. */
export function dataFolder(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'sqlassist-example-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The example service on new, empty files. */
export async function service(t: Teardown, folder: string = dataFolder(t)): Promise<FastifyInstance> {
  const app = await buildApp(folder)
  t.teardown(async () => await app.close())
  return app
}
