// One key each; nothing where somebody types, or with a modifier.
import { byId, field } from './dom.js'
import { openHelp } from './help.js'
import { moveFocus } from './list.js'

const TABS = ['statements', 'repeats', 'timeline', 'sessions', 'request']

/** @param {{ back: () => void, pause: () => void, application: () => void }} actions */
export function startKeyboard({ back, pause, application }) {
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const keys = {
    j: () => moveFocus(1),
    k: () => moveFocus(-1),
    '/': () => field('filter-path').focus(),
    '?': openHelp,
    p: pause,
    a: application,
    Escape: back,
  }
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (/** @type {HTMLDialogElement} */ (byId('dialog'))).open) return
    const target = /** @type {HTMLElement} */ (event.target)
    const isTyping = target.matches('input:not([type=checkbox]), select, textarea')
    if (isTyping && event.key !== 'Escape') return
    if (isTyping) return target.blur()
    const isInList = target === document.body || target.closest('#list') !== null
    const by = isInList ? { ArrowDown: 1, ArrowUp: -1 }[event.key] : undefined
    const action = by === undefined ? keys[event.key] : () => moveFocus(by)
    const tab = TABS[Number(event.key) - 1]
    if (action !== undefined) action(event)
    else if (tab !== undefined) document.getElementById(`tab-${tab}`)?.click()
    else return
    event.preventDefault()
  })
}
