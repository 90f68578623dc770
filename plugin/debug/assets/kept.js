// What the browser remembers for its user, where it may.

/** @param {string} name */
export function kept(name) {
  try {
    return localStorage.getItem(`sqlassist-${name}`)
  } catch {
    return null
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function keep(name, value) {
  try {
    localStorage.setItem(`sqlassist-${name}`, value)
  } catch {
    // It holds for as long as the page is open, then.
  }
}
