// Keys and states, in a dialog.
import { legend } from './application.js'
import { byId, fill, h } from './dom.js'

/** @type {readonly (readonly [keys: string, words: string])[]} */
const KEYS = [
  ['j k ↓ ↑', 'next and previous request'],
  ['Enter', 'open it'],
  ['/', 'filter by path'],
  ['1 … 5', 'statements, repeats, timeline, sessions, request'],
  ['p', 'pause, go on'],
  ['a', 'application'],
  ['Esc', 'back to the list'],
  ['?', 'this'],
]

export function openHelp() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('dialog'))
  fill(dialog,
    h('h2', { id: 'dialog-title' }, 'Keys'),
    h('dl', { class: 'keys' }, ...KEYS.map(([keys, words]) =>
      h('div', {}, h('dt', {}, ...keys.split(' ').map((key) => (key === '…' ? key : h('kbd', {}, key)))), h('dd', {}, words)))),
    h('h2', {}, 'States'), legend(),
    h('form', { method: 'dialog' }, h('button', { type: 'submit' }, 'Close')))
  if (!dialog.open) dialog.showModal()
}
