// Whether the page hears of what happens, and whether it is to show it.
import { byId } from './dom.js'

let isConnected = false
/** How many requests have come while it was paused; null where it is not. @type {number | null} */
let missed = null

export const isPaused = () => missed !== null

/** @param {boolean} on */
export function setConnected(on) {
  isConnected = on
  tell()
}

/** A request has come that is not shown. */
export function miss() {
  missed = (missed ?? 0) + 1
  tell()
}

/** @returns whether it is paused now */
export function togglePause() {
  missed = missed === null ? 0 : null
  byId('pause').setAttribute('aria-pressed', String(missed !== null))
  byId('pause').textContent = missed === null ? 'Pause' : 'Go on'
  tell()
  return missed !== null
}

function tell() {
  const whenConnected = missed === null ? 'live' : missed === 0 ? 'paused' : `paused, ${missed} more`
  const element = byId('connection')
  element.textContent = isConnected ? whenConnected : 'not connected: the application does not answer'
  element.className = isConnected ? (missed === null ? 'live' : 'paused') : 'lost'
}
