// A row of the table of statements, and what opens below it.
/** @import { PanelInfo, RequestDetail, StatementRecord } from '../types.ts' */
/** @import { View } from './statements.js' */
import { callerLink } from './caller.js'
import { h } from './dom.js'
import { engineName } from './engine-colours.js'
import { counted, duration } from './format.js'
import { inOneLine } from './sql.js'
import { statementDetails } from './statement.js'
import { pieceOf, waterfall } from './waterfall.js'
import { mark } from './words.js'

/** @typedef {{ request: RequestDetail, info: PanelInfo, view: View, span: number }} Context */

/**
 * @param {StatementRecord} record
 * @param {Context} context
 */
export function statementRow(record, { request, info, view, span }) {
  const { n, engine, sql, durationMs, error, slow, internal, caller } = record
  const groups = request.groups.filter(({ statements }) => statements.includes(n)).slice(0, 2)
  const marks = [
    error !== null && mark('failed', 'bad'), slow && mark('slow', 'warn'), durationMs === null && mark('runs', 'warn'), internal && mark('internal'),
    ...groups.map(({ kind, count }) => h('span', { class: 'mark' }, `${kind} ×${count}`)),
  ].filter((one) => one !== false)
  const state = [error !== null && 'failed', slow && 'slow', internal && 'internal'].filter(Boolean).join(' ')
  return opening(`s${n}`, state, view, [
    h('td', { class: 'num' }, n),
    h('td', { class: 'on' }, engineName(engine)),
    sql === '' ? 'empty' : inOneLine(sql),
    h('td', { class: isRead(sql) ? 'num rows read' : 'num rows' }, rowsOf(record)),
    h('td', { class: 'num time' }, duration(durationMs)),
    h('td', { class: 'when' }, waterfall([pieceOf(record)], span)),
  ], [caller !== null && callerLink(caller), ...marks], () => statementDetails(record, request, info))
}

/**
 * @param {readonly StatementRecord[]} group
 * @param {Context} context
 */
export function groupRow(group, context) {
  const [first] = group
  if (first === undefined || group.length === 1) return group.flatMap((record) => statementRow(record, context))
  const total = group.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0)
  const rows = group.reduce((sum, record) => sum + (record.rows ?? record.affected ?? 0), 0)
  return opening(`g${Math.min(...group.map(({ n }) => n))}`, 'group', context.view, [
    h('td', { class: 'num' }, `${group.length}×`),
    h('td', { class: 'on' }, engineName(first.engine)),
    inOneLine(first.sql),
    h('td', { class: 'num rows' }, rows),
    h('td', { class: 'num time' }, duration(total)),
    h('td', { class: 'when' }, waterfall(group.map(pieceOf), context.span)),
  ], [first.caller !== null && callerLink(first.caller), h('span', { class: 'muted' }, `${duration(total / group.length)} each`)], () =>
    h('div', { class: 'details' }, h('table', { class: 'waterfalls' }, h('caption', { class: 'unseen' }, counted(group.length, 'statement')),
      h('tbody', {}, ...group.flatMap((record) => statementRow(record, context))))))
}

/**
 * A row, and another one below it that comes and goes.
 * @param {string} key
 * @param {string} state
 * @param {View} view
 * @param {readonly (HTMLElement | string)[]} cells The third one is what is clicked.
 * @param {readonly (HTMLElement | false)[]} under
 * @param {() => HTMLElement} details
 */
function opening(key, state, view, cells, under, details) {
  const below = h('tr', { class: 'below', hidden: true }, h('td', { colspan: cells.length }))
  const button = h('button', {
    type: 'button', class: 'opens', 'data-key': key, 'aria-expanded': 'false', onclick: () => set(below.hidden !== false),
  }, ...cells.slice(2, 3))
  /** @param {boolean} on */
  const set = (on) => {
    below.hidden = !on
    button.setAttribute('aria-expanded', String(on))
    if (on) view.open.add(key)
    else view.open.delete(key)
    below.firstElementChild?.replaceChildren(...(on ? [details()] : []))
  }
  if (view.open.has(key)) set(true)
  const extra = under.flatMap((one) => (one === false ? [] : [one, ' ']))
  const cell = h('td', { class: 'wide' }, button, extra.length > 0 && h('div', { class: 'under' }, ...extra))
  return [h('tr', { class: `row ${state}`, 'data-row': key }, ...cells.slice(0, 2), cell, ...cells.slice(3)), below]
}

/** @param {StatementRecord} record */
function rowsOf({ sql, rows, affected }) {
  if (!isRead(sql) && affected !== null) return `${affected} changed`
  return rows ?? ''
}

/** @param {string} sql */
const isRead = (sql) => /^\s*(?:select|with|values|table|show|explain|pragma)\b/i.test(sql)
