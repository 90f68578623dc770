import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Loads a package that the application has, and this one has not asked for: some package managers show a package only what it has asked for. */
export async function applicationPackage(name: string): Promise<unknown> {
  try {
    return await import(name)
  } catch {
    return await import(pathToFileURL(createRequire(join(process.cwd(), 'package.json')).resolve(name)).href)
  }
}
