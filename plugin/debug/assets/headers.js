// The request itself: what came in, and what was not kept of it.
/** @import { RequestDetail } from '../types.ts' */
import { h } from './dom.js'
import { bytes, clipped, counted } from './format.js'
import { plainTable } from './table.js'
import { empty } from './words.js'

/** @param {RequestDetail} request */
export function requestItself(request) {
  const headers = Object.entries(request.headers)
  return h('section', { 'aria-label': 'Request' },
    plainTable('Request', [['What'], ['Value', 'wide']], [
      ['Request id', code(request.requestId)],
      ['Route', request.route === null ? 'no route has matched' : code(request.route)],
      ['URL', code(request.url)],
      ['Sessions at', code(`request.${request.attribute}`)], ['Began', request.startedAt], ['Record', `number ${request.id}`],
    ]),
    h('h2', {}, 'Headers'),
    headers.length === 0
      ? empty('It came without headers.')
      : plainTable('Headers', [['Header'], ['Value', 'wide']], headers.map(([name, value]) => [code(name), code(value)])))
}

/** @param {string} text */
const code = (text) => h('code', {}, clipped(text, 4000))

/**
 * What limits have cut, in words; nothing where they have not.
 * @param {RequestDetail} request
 */
export function cutInWords({ cut }) {
  const parts = [
    cut.statements > 0 && counted(cut.statements, 'statement'),
    cut.bytes > 0 && `${bytes(cut.bytes)} of SQL and values`,
    cut.timeline > 0 && `${counted(cut.timeline, 'entry', 'entries')} of the timeline`,
    cut.callers > 0 && `the callers of ${counted(cut.callers, 'statement')}`,
  ].filter((part) => part !== false)
  if (parts.length === 0) return null
  return h('div', { class: 'callout' }, h('div', {}, h('strong', {}, 'Not everything was kept. '),
    `The panel's limits left out ${parts.join(', ')}. Numbers above count them all.`))
}
