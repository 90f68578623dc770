// Copies, and says so.
import { byId, h } from './dom.js'

/** @param {string} text */
export function tell(text) {
  const told = byId('told')
  told.textContent = text
  told.classList.remove('shown')
  void told.offsetWidth // the animation begins anew
  told.classList.add('shown')
}

/**
 * @param {string} label
 * @param {() => string} text
 */
export function copyButton(label, text) {
  return h('button', { type: 'button', onclick: () => void copy(text()) }, label)
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    tell('Copied')
  } catch {
    tell('The browser does not allow to copy: mark the text instead')
  }
}
