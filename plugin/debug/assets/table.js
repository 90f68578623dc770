// Tables, with columns that can be sorted by.
import { h } from './dom.js'

/** @typedef {import('./dom.js').Child} Child */
/** @typedef {Child | readonly Child[]} Cell */
/** @typedef {readonly [label: string, name?: string]} Label */
/** @typedef {{ id: string, label: string, class?: string, sortable?: boolean }} Column */

/**
 * @param {string} caption
 * @param {readonly Column[]} columns
 * @param {{ by: string, down: boolean } | null} sort
 * @param {(id: string) => void} [onSort]
 */
export function tableOf(caption, columns, sort = null, onSort) {
  const body = h('tbody')
  const heads = columns.map(({ id, label, class: name = '', sortable }) => {
    const sorted = sort?.by === id ? (sort.down ? 'descending' : 'ascending') : null
    const inside = sortable && onSort ? h('button', { type: 'button', 'data-key': `sort-${caption}-${id}`, onclick: () => onSort(id) }, label) : label
    return h('th', { scope: 'col', class: name, 'aria-sort': sorted }, inside)
  })
  const name = columns.some((column) => column.class === 'when') ? 'waterfalls' : null
  const table = h('table', { class: name }, h('caption', { class: 'unseen' }, caption), h('thead', {}, h('tr', {}, ...heads)), body)
  const isStill = onSort === undefined // then there is nothing inside that the keyboard could go to
  return { table: h('div', { class: 'scroll', ...(isStill && { tabindex: 0, role: 'group', 'aria-label': caption }) }, table), body }
}

/**
 * A table of texts.
 * @param {string} caption
 * @param {readonly Label[]} columns
 * @param {readonly (readonly Cell[])[]} rows
 */
export function plainTable(caption, columns, rows) {
  const { table, body } = tableOf(caption, columns.map(([label, name]) => ({ id: label, label, ...(name && { class: name }) })))
  for (const cells of rows) body.append(h('tr', {}, ...cells.map((cell, index) => h('td', { class: columns[index]?.[1] }, ...[cell].flat()))))
  return table
}
