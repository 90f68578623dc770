// One colour for each engine, the same wherever it is named.
import { h } from './dom.js'
import { clipped } from './format.js'

/** @type {string[]} */
const known = []

/** @param {string} name */
export function colourOf(name) {
  if (!known.includes(name)) known.push(name)
  return `engine-${known.indexOf(name) % 6}`
}

/**
 * An engine's name, with its colour beside it: colour alone says nothing.
 * @param {string} name
 */
export const engineName = (name) => h('span', { class: `engine ${colourOf(name)}`, title: name.length > 40 && clipped(name, 2000) }, clipped(name, 40))
