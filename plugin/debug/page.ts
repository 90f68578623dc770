// The files of the page, as they are: there is no step between what is written in assets/ and what the browser gets.
import { readdirSync, readFileSync } from 'node:fs'

/** A file that the browser asks for. */
export interface PageFile {
  readonly type: string
  readonly body: string
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

/** All it needs: it works without inline scripts, inline styles, and anything from elsewhere. */
export const PAGE_POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:", "base-uri 'none'", "form-action 'none'",
  "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
].join('; ')

/** What to serve below the panel's path, which must end with a slash in the browser: '' is the page, all else is under `assets/`. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  const folder = new URL('./assets/', import.meta.url)
  const files = new Map<string, PageFile>()
  for (const name of readdirSync(folder)) {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)]
    if (type !== undefined) files.set(name === 'panel.html' ? '' : `assets/${name}`, { type, body: readFileSync(new URL(name, folder), 'utf8') })
  }
  return files
}
