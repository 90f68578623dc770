// One request, whole.
/** @import { PanelInfo, RequestDetail } from '../types.ts' */
import { h, joined } from './dom.js'
import { clipped, clock, duration } from './format.js'
import { cutInWords, requestItself } from './headers.js'
import { numbers } from './numbers.js'
import { repeats, suspicion } from './repeats.js'
import { sessions } from './sessions.js'
import { statements } from './statements.js'
import { tabbed } from './tabs.js'
import { timeline } from './timeline.js'
import { overview } from './waterfall.js'
import { engineUse, statusMark } from './words.js'

/** @import { View } from './statements.js' */

/**
 * @param {RequestDetail} request
 * @param {PanelInfo} info
 * @param {{ view: View, tab: string | null, onTab: (tab: string) => void }} chosen
 */
export function requestPage(request, info, { view, tab, onTab }) {
  const isOpen = request.engines.some(({ notClosed }) => notClosed)
  /** @type {import('./repeats.js').Show} */
  const show = (words, numbersOf) => {
    view.only = { words, numbers: new Set(numbersOf) }
    tabs.open('statements')
    document.getElementById('tab-statements')?.focus()
  }
  const tabs = tabbed([
    { id: 'statements', label: 'Statements', count: request.records.length, alarm: request.failed > 0, content: () => statements(request, info, view) },
    { id: 'repeats', label: 'Repeats', count: request.groups.length, content: () => repeats(request, show) },
    { id: 'timeline', label: 'Timeline', count: request.timeline.length, content: () => timeline(request) },
    { id: 'sessions', label: 'Sessions', count: request.sessions.length, alarm: isOpen, content: () => sessions(request) },
    { id: 'request', label: 'Request', content: () => requestItself(request) },
  ], tab, onTab)
  const cut = cutInWords(request)
  return h('article', { class: 'request' },
    h('a', { class: 'back', href: '?', 'data-back': '' }, '← All requests'),
    h('h1', {}, statusMark(request), ' ', h('span', { class: 'method' }, clipped(request.method, 40)), ' ',
      h('span', { class: 'path' }, clipped(request.url, 500))),
    h('p', { class: 'muted' }, ...joined(outcome(request))),
    h('p', { class: 'uses' }, ...(request.engines.length === 0 ? ['No engines.'] : request.engines.flatMap((use) => [engineUse(use, request.records), ' ']))),
    numbers(request, info),
    ...request.suspicions.map((one) => suspicion(one, show)),
    ...(cut === null ? [] : [cut]),
    request.records.length > 0 && overview(request),
    tabs.element)
}

/** @param {RequestDetail} request */
const outcome = ({ state, durationMs, startedAt, requestId, attribute, transaction, route }) => [
  `began ${clock(startedAt)}`,
  state === 'running' ? 'still running' : state === 'left' ? `the client left after ${duration(durationMs)}` : `answered in ${duration(durationMs)}`,
  transaction === 'none' ? 'no transaction' : `transaction ${transaction}`,
  h('code', {}, clipped(requestId, 100)),
  h('code', {}, `request.${attribute}`),
  route !== null && h('span', {}, 'route ', h('code', {}, clipped(route, 300))),
]
