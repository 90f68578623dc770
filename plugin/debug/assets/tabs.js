// Tabs as the ARIA practices have them: one stop for the tab key, arrows between them.
import { h } from './dom.js'

/**
 * @typedef {{ id: string, label: string, count?: number, alarm?: boolean, content: () => HTMLElement }} Tab
 */

/**
 * @param {readonly Tab[]} tabs
 * @param {string | null} chosen
 * @param {(id: string) => void} onChosen
 */
export function tabbed(tabs, chosen, onChosen) {
  const panel = h('div', { role: 'tabpanel', id: 'tabpanel', tabindex: -1 })
  const buttons = tabs.map(({ id, label, count, alarm }) => h('button', {
    type: 'button', role: 'tab', id: `tab-${id}`, 'data-key': `tab-${id}`, 'aria-controls': 'tabpanel', onclick: () => open(id),
  }, label, count !== undefined && h('span', { class: alarm ? 'tally alarm' : 'tally' }, count)))
  const list = h('div', { role: 'tablist', 'aria-label': 'What to see of the request', onkeydown: move }, ...buttons)

  /** @param {string} id */
  function select(id) {
    for (const [index, button] of buttons.entries()) {
      const selected = tabs[index]?.id === id
      button.setAttribute('aria-selected', String(selected))
      button.tabIndex = selected ? 0 : -1
    }
    panel.setAttribute('aria-labelledby', `tab-${id}`)
    const content = tabs.find((tab) => tab.id === id)?.content()
    panel.replaceChildren(...(content === undefined ? [] : [content]))
  }

  /** @param {string} id */
  function open(id) {
    select(id)
    onChosen(id)
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement))
    const next = by === undefined ? undefined : tabs[(at + by + tabs.length) % tabs.length]
    if (next === undefined || at < 0) return
    event.preventDefault()
    open(next.id)
    document.getElementById(`tab-${next.id}`)?.focus()
  }

  select(tabs.find(({ id }) => id === chosen)?.id ?? tabs[0]?.id ?? '')
  return { element: h('div', { class: 'tabs' }, list, panel), open }
}
