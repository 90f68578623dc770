// Elements are made here and nowhere else. Strings become text nodes and never markup, whatever is in them.

/** @typedef {Node | string | number | false | null | undefined} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */

// Characters that cannot be seen, or that change the order in which others are: a statement must not look like another one.
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * A text in which every character is to be seen.
 * @param {string} text
 */
export const visible = (text) => text.replaceAll('\r\n', '\n').replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)

/**
 * An element. Names of attributes are those of HTML; `onclick` and the like are listeners.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value != null) element.setAttribute(name, String(value))
  }
  put(element, ...children)
  return element
}

/**
 * Adds children at the end.
 * @param {Node} parent
 * @param {...Child} children
 */
export function put(parent, ...children) {
  for (const child of children) {
    if (child === false || child == null) continue
    parent.appendChild(child instanceof Node ? child : document.createTextNode(visible(String(child))))
  }
}

/**
 * Makes these the only children.
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren()
  put(parent, ...children)
}

/**
 * An element of panel.html.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`There is no #${id}`)
  return element
}

/**
 * The same, where it has a value.
 * @param {string} id
 */
export const field = (id) => /** @type {HTMLInputElement} */ (byId(id))

/**
 * Finds the element again that had the focus, after others have taken its place.
 * @param {string} key
 */
export function focusOn(key) {
  for (const element of document.querySelectorAll('[data-key]')) if (element instanceof HTMLElement && element.dataset['key'] === key) return element.focus()
}

/**
 * Words, with what stands between them.
 * @param {readonly Child[]} children
 * @param {string} [separator]
 * @returns {Child[]}
 */
export const joined = (children, separator = ' · ') =>
  children.filter((child) => child !== false && child != null && child !== '').flatMap((child, index) => (index === 0 ? [child] : [separator, child]))
