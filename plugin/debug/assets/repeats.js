// Statements that came more than once: suspected loops, duplicates, similar ones.
/** @import { NPlusOneSuspicion, RequestDetail, StatementGroup } from '../types.ts' */
import { h } from './dom.js'
import { engineName } from './engine-colours.js'
import { counted, duration } from './format.js'
import { inOneLine } from './sql.js'
import { plainTable } from './table.js'
import { empty, mark } from './words.js'

/** @typedef {(words: string, numbers: readonly number[]) => void} Show Shows some statements only. */

/**
 * @param {NPlusOneSuspicion} suspicion
 * @param {Show} show
 */
export function suspicion({ engine, entity, relation, count, statements, text }, show) {
  const followed = relation === null || relation.includes('.') || entity === null ? relation : `${entity}.${relation}`
  const name = `N+1${followed === null && entity === null ? '' : ` on ${followed ?? entity}`}`
  return h('div', { class: 'callout warn' }, h('div', {}, h('strong', {}, name), ' ', engineName(engine), h('p', {}, text)),
    h('button', { type: 'button', onclick: () => show(name, statements) }, `Show the ${count}`))
}

/**
 * @param {RequestDetail} request
 * @param {Show} show
 */
export function repeats({ groups, records }, show) {
  if (records.length === 0) return empty('No statement was sent, so none was repeated.')
  if (groups.length === 0) return empty('Each statement of this request is another one: nothing was repeated.')
  const rows = groups.toSorted((one, other) => other.totalMs - one.totalMs).map((group) => row(group, show))
  return h('section', { 'aria-label': 'Repeats' },
    plainTable('Repeats', [['Times', 'num'], ['Kind'], ['Engine'], ['Statement', 'wide'], ['Together', 'num'], ['Which']], rows),
    h('p', { class: 'muted' }, 'Duplicate: the same statement with the same values. Similar: the same but for its values.'))
}

/**
 * @param {StatementGroup} group
 * @param {Show} show
 */
const row = ({ kind, engine, sql, count, totalMs, statements }, show) => [
  `${count}×`, mark(kind, kind === 'duplicate' ? 'warn' : ''), engineName(engine), inOneLine(sql), duration(totalMs),
  h('button', { type: 'button', 'aria-label': `Show the ${counted(count, 'statement')}`, onclick: () => show(`${count} × ${kind}`, statements) }, 'Show'),
]
