// Dark, light, or as the system has it.
import { byId } from './dom.js'
import { kept, keep } from './kept.js'

const THEMES = ['auto', 'light', 'dark']

/** @param {string} theme */
function use(theme) {
  if (theme === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
  byId('theme').textContent = `Theme: ${theme}`
}

/** Looks after the button. */
export function startTheme() {
  let index = Math.max(THEMES.indexOf(kept('theme') ?? ''), 0)
  use(THEMES[index] ?? 'auto')
  byId('theme').addEventListener('click', () => {
    index = (index + 1) % THEMES.length
    const theme = THEMES[index] ?? 'auto'
    keep('theme', theme)
    use(theme)
  })
}
