// The statements of a request: a row for each, or for those that are the same but for their values.
/** @import { PanelInfo, RequestDetail, StatementRecord } from '../types.ts' */
/** @import { Context } from './statement-row.js' */
import { focusOn, h } from './dom.js'
import { empty } from './words.js'
import { kept, keep } from './kept.js'
import { groupRow, statementRow } from './statement-row.js'
import { tableOf } from './table.js'
import { spanOf } from './waterfall.js'

/** @typedef {{ by: 'n' | 'engine' | 'sql' | 'rows' | 'ms', down: boolean }} Sort */
/**
 * What is chosen; it outlives the next look at a request that runs.
 * @typedef {{ sort: Sort, open: Set<string>, only: { words: string, numbers: ReadonlySet<number> } | null }} View
 */

/** @returns {View} */
export const newView = () => ({ sort: { by: 'n', down: false }, open: new Set(), only: null })

const COLUMNS = [
  { id: 'n', label: '#', class: 'num', sortable: true },
  { id: 'engine', label: 'Engine', sortable: true },
  { id: 'sql', label: 'Statement', class: 'wide', sortable: true },
  { id: 'rows', label: 'Rows', class: 'num', sortable: true },
  { id: 'ms', label: 'Time', class: 'num', sortable: true },
  { id: 'fall', label: 'When', class: 'when' },
]

/** @type {Record<Sort['by'], (record: StatementRecord) => number | string>} */
const KEYS = {
  n: ({ n }) => n,
  engine: ({ engine }) => engine,
  sql: ({ sql }) => sql,
  rows: ({ rows, affected }) => rows ?? affected ?? -1,
  ms: ({ durationMs }) => durationMs ?? Infinity,
}

/**
 * @param {RequestDetail} request
 * @param {PanelInfo} info
 * @param {View} view
 */
export function statements(request, info, view) {
  const element = h('section', { 'aria-label': 'Statements' })
  /** Rows are made once, and put into another order. @type {Map<number, HTMLElement[]>} */
  const rows = new Map()
  const context = { request, info, view, span: spanOf(request) }
  /** @param {StatementRecord} record */
  const rowOf = (record) => {
    const made = rows.get(record.n) ?? statementRow(record, context)
    rows.set(record.n, made)
    return made
  }
  const render = () => element.replaceChildren(...content(context, rowOf, render))
  render()
  return element
}

/**
 * @param {Context} context
 * @param {(record: StatementRecord) => HTMLElement[]} rowOf
 * @param {() => void} render
 * @returns {HTMLElement[]}
 */
function content(context, rowOf, render) {
  const { request, view } = context
  if (request.statements === 0 && request.records.length === 0) return [empty('No statement was sent by this request.')]
  if (request.records.length === 0) return [empty('The statements of this request were not kept.')]
  const internal = request.records.filter((record) => record.internal).length
  const isHidden = kept('internal') === 'hidden'
  const isGrouped = kept('grouped') === 'yes'
  const shown = request.records.filter(({ n, internal: own }) => (view.only === null ? !(own && isHidden) : view.only.numbers.has(n)))
  const showAll = () => {
    view.only = null
    render()
  }
  const tools = h('div', { class: 'tools' },
    toggle('Group by statement', isGrouped, (on) => keep('grouped', on ? 'yes' : 'no'), render),
    internal > 0 && toggle(`Hide internal (${internal})`, isHidden, (on) => keep('internal', on ? 'hidden' : 'shown'), render),
    view.only !== null && h('button', { type: 'button', onclick: showAll }, `${view.only.words}: show all again`))
  if (shown.length === 0) return [tools, empty('All of its statements are internal, and hidden.')]

  const { table, body } = tableOf('Statements', COLUMNS, view.sort, (by) => {
    view.sort = { by: /** @type {Sort['by']} */ (by), down: view.sort.by === by ? !view.sort.down : by === 'ms' || by === 'rows' }
    render()
    focusOn(`sort-Statements-${by}`)
  })
  const sorted = shown.toSorted(comparing(view.sort))
  const groups = Map.groupBy(sorted, ({ engine, fingerprint }) => `${engine}\n${fingerprint}`).values()
  body.append(...(isGrouped ? [...groups].flatMap((group) => groupRow(group, context)) : sorted.flatMap(rowOf)))
  return [tools, table]
}

/**
 * @param {string} label
 * @param {boolean} isOn
 * @param {(on: boolean) => void} set
 * @param {() => void} render
 */
function toggle(label, isOn, set, render) {
  const change = () => {
    set(box.checked)
    render()
    focusOn(label)
  }
  const box = h('input', { type: 'checkbox', checked: isOn, 'data-key': label, onchange: change })
  return h('label', {}, box, ` ${label}`)
}

/** @param {Sort} sort */
function comparing({ by, down }) {
  const key = KEYS[by]
  return (/** @type {StatementRecord} */ one, /** @type {StatementRecord} */ other) => {
    const [a, b] = [key(one), key(other)]
    const order = a < b ? -1 : a > b ? 1 : one.n - other.n
    return down ? -order : order
  }
}
