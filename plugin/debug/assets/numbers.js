// The numbers on top of a request: what is too much is coloured, and says so.
/** @import { PanelInfo, RequestDetail } from '../types.ts' */
import { h } from './dom.js'
import { counted, duration } from './format.js'

/** More statements than this are worth a look. */
const MANY = 30
/** And more entities than this: each is compared with what was loaded at every flush. */
const MANY_ENTITIES = 1000

/** @typedef {{ label: string, value: string, words: string, level?: 'bad' | 'warn' | '' | false }} Figure */

/**
 * @param {RequestDetail} request
 * @param {PanelInfo} info
 * @returns {Figure[]}
 */
function figures({ statements, distinct, sqlMs, durationMs, slow, failed, managed, engines }, { slowQueryMs }) {
  const share = durationMs ? `${Math.round(Math.min(sqlMs / durationMs, 1) * 100)} % of the request` : ''
  const repeated = statements - distinct
  const isMany = statements > MANY
  const isCrowded = managed > MANY_ENTITIES
  const isOpen = engines.some(({ status }) => status === 'START')
  const isLong = sqlMs >= slowQueryMs
  const limit = duration(slowQueryMs)
  return [
    { label: 'Statements', value: String(statements), words: isMany ? `many: more than ${MANY}` : '', level: isMany && 'warn' },
    {
      label: 'Distinct', value: String(distinct), words: repeated > 0 ? counted(repeated, 'repeat') : statements > 0 ? 'no repeats' : '',
      level: repeated > distinct && repeated > 4 && 'warn',
    },
    { label: 'SQL', value: duration(sqlMs), words: isLong ? `long: ${share && `${share}, `}over ${limit}` : share, level: isLong && 'warn' },
    {
      label: 'Entities', value: String(managed), words: isCrowded ? `many: more than ${MANY_ENTITIES}` : isOpen ? 'of the sessions that are closed' : managed > 0 ? 'managed at the end' : '',
      level: isCrowded && 'warn',
    },
    { label: 'Slow', value: String(slow), words: slow > 0 ? `took ${limit} or more` : `none over ${limit}`, level: slow > 0 && 'warn' },
    { label: 'Failed', value: String(failed), words: failed > 0 ? 'with an error' : 'no errors', level: failed > 0 && 'bad' },
  ]
}

/**
 * @param {RequestDetail} request
 * @param {PanelInfo} info
 */
export const numbers = (request, info) => h('dl', { class: 'numbers' }, ...figures(request, info).map(({ label, value, words, level }) =>
  h('div', { class: level || '' }, h('dt', {}, label), h('dd', {}, h('strong', {}, value), h('span', {}, words)))))
