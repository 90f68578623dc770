// Where in the application something comes from, as a link to the editor.
/** @import { Caller } from '../types.ts' */
import { h } from './dom.js'
import { clipped } from './format.js'
import { kept } from './kept.js'

/** What a link begins with. */
export const EDITORS = /** @type {const} */ ({
  'VS Code': 'vscode://file',
  Cursor: 'cursor://file',
  Zed: 'zed://file',
  none: '',
})

/** @param {Caller} caller */
export function callerLink({ file, line, column }) {
  const text = clipped(`${shortened(file)}:${line}`, 200)
  const title = `${clipped(file, 2000)}:${line}:${column}`
  const editor = EDITORS[/** @type {keyof typeof EDITORS} */ (kept('editor') ?? 'VS Code')] ?? ''
  if (editor === '' || !/^(?:\/|[a-z]:[\\/])/i.test(file)) return h('span', { class: 'caller', title }, text)
  const path = file.replaceAll('\\', '/').split('/').map(encoded).join('/')
  return h('a', { class: 'caller', title, href: `${editor}${path.startsWith('/') ? '' : '/'}${path}:${line}:${column}` }, text)
}

/** @param {string} part */
const encoded = (part) => encodeURIComponent(part.toWellFormed())

/**
 * The last folders of a path: the first ones are the same for all.
 * @param {string} file
 */
const shortened = (file) => file.split(/[\\/]/).slice(-3).join('/')
