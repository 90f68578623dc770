// Everything about one statement: below its row.
/** @import { PanelInfo, RequestDetail, StatementRecord } from '../types.ts' */
import { explain } from './api.js'
import { callerLink } from './caller.js'
import { copyButton } from './clipboard.js'
import { h, joined } from './dom.js'
import { clipped, counted, duration } from './format.js'
import { routeInWords } from './sessions.js'
import { highlighted } from './sql.js'

/** A value may be megabytes long; what is copied is whole. */
const LONG = 2000

/**
 * @param {StatementRecord} record
 * @param {RequestDetail} request
 * @param {PanelInfo} info
 */
export function statementDetails(record, request, info) {
  const plan = h('div', { class: 'plan' })
  const { n, sql, parameters, runnable, error, caller, engine, session, pid, atMs, durationMs } = record
  const opened = request.sessions.find((one) => one.engine === engine && one.session === session)
  const route = opened?.routes.findLast((one) => one.atMs <= atMs)
  const why = opened?.why ?? (session === null ? 'It was sent outside of the sessions, on the engine itself.' : 'Nothing is known of its session.')
  return h('div', { class: 'details' },
    h('pre', { tabindex: 0, 'aria-label': `Statement ${n}` }, highlighted(sql)),
    error !== null && h('p', { class: 'error' }, h('strong', {}, 'Failed: '), clipped(error, LONG)),
    parameters.length > 0 && h('div', { class: 'parameters' }, h('h2', { class: 'small' }, counted(parameters.length, 'parameter')),
      h('ol', {}, ...parameters.slice(0, 500).map((parameter) => h('li', {}, h('code', {}, clipped(parameter, LONG))))),
      parameters.length > 500 && h('p', {}, `and ${parameters.length - 500} more`)),
    h('p', { class: 'facts' }, ...joined([
      `began at ${duration(atMs)}`,
      durationMs === null ? 'still running' : `took ${duration(durationMs)}`,
      pid !== null && `process ${pid}`,
      session !== null && `session ${session}`,
      rowsInWords(record),
      caller !== null && h('span', {}, 'from ', callerLink(caller)),
    ])),
    h('p', { class: 'facts' }, h('strong', {}, `Why ${clipped(engine, 40)}? `), why),
    route !== undefined && h('p', { class: 'facts' }, h('strong', {}, `Why ${clipped(route.server, 40)}? `), routeInWords(route)),
    h('div', { class: 'buttons' },
      copyButton('Copy', () => sql),
      runnable === null ? h('span', { class: 'muted' }, 'Not runnable: something in it is masked.') : copyButton('Copy as runnable SQL', () => runnable),
      ...explaining(record, request.id, info, plan)),
    plan)
}

/** @param {StatementRecord} record */
function rowsInWords({ rows, affected }) {
  return [rows === null ? '' : counted(rows, 'row'), affected === null ? '' : `${affected} affected`].filter(Boolean).join(', ')
}

/**
 * The button for the plan, or why there is none.
 * @param {StatementRecord} record
 * @param {number} id
 * @param {PanelInfo} info
 * @param {HTMLElement} plan
 */
function explaining({ n, explainable }, id, info, plan) {
  if (!info.explain) return [h('span', { class: 'muted' }, 'EXPLAIN is off: see the option explain.')]
  if (!explainable) return [h('span', { class: 'muted' }, 'No EXPLAIN for this one.')]
  const button = h('button', { type: 'button', onclick: () => void ask() }, 'EXPLAIN')
  const ask = async () => {
    button.disabled = true
    plan.replaceChildren(h('p', { role: 'status' }, 'Asking for the plan …'))
    try {
      const { plan: text } = await explain(id, n)
      plan.replaceChildren(h('div', { role: 'status' }, h('h2', { class: 'small' }, 'Plan'),
        h('pre', { tabindex: 0, 'aria-label': `Plan of statement ${n}` }, text), copyButton('Copy the plan', () => text)))
    } catch (error) {
      const { message, code = '' } = /** @type {Error & { code?: string }} */ (error)
      plan.replaceChildren(h('p', { class: 'error', role: 'status' }, h('strong', {}, 'No plan: '), `${message} ${code}`))
    }
    button.disabled = false
  }
  return [button]
}
