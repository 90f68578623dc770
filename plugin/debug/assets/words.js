// States in words: the colours only repeat them.
/** @import { EngineUse, RequestSummary, StatementRecord } from '../types.ts' */
import { h } from './dom.js'
import { engineName } from './engine-colours.js'
import { counted, duration } from './format.js'

/** What the legend says. */
export const LEGEND = /** @type {const} */ ([
  ['INIT', 'The engine is there; this request has not touched it.'],
  ['START', 'A session is open on it.'],
  ['END', 'A session was opened on it, and is closed.'],
  ['not closed', 'The request is over and its session is still open: it holds a connection. Look for work that nobody waits for.'],
  ['slow', 'The statement took at least as long as the option slowQueryMs says.'],
  ['failed', 'The database answered with an error.'],
  ['internal', 'Sent by fastify-sqlassist for itself, not by the application.'],
  ['duplicate', 'Sent again with the same values: the answer could have been kept.'],
  ['similar', 'Sent again with other values: one statement could have asked for all.'],
  ['N+1', 'A loop has asked for each row on its own: populate the relation, or load by a list of ids.'],
  ['left', 'The client has gone before there was an answer.'],
])

/**
 * A small mark; `bad`, `warn`, `good` or nothing.
 * @param {string} text
 * @param {string} [kind]
 */
export const mark = (text, kind = '') => h('span', { class: `mark ${kind}`, title: LEGEND.find(([name]) => name === text)?.[1] }, text)

/**
 * What has become of a request, as short as it goes.
 * @param {RequestSummary} request
 */
export function statusMark({ state, statusCode }) {
  const text = state === 'left' ? 'left' : statusCode === null ? 'runs' : String(statusCode)
  const kind = state === 'left' ? 'left' : statusCode === null ? 'running' : `s${String(statusCode).slice(0, 1)}`
  return h('span', { class: `status ${kind}` }, text)
}

/**
 * An engine as a request has used it, with what it has cost.
 * @param {EngineUse} use
 * @param {readonly StatementRecord[]} records
 */
export function engineUse({ name, status, notClosed }, records) {
  const own = records.filter(({ engine }) => engine === name)
  const cost = `${counted(own.length, 'statement')}, ${duration(own.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0))}`
  return h('span', { class: 'use' }, engineName(name), ' ', mark(status, status === 'START' ? 'good' : ''),
    ...(notClosed ? [' ', mark('not closed', 'bad')] : []), own.length > 0 && h('span', { class: 'muted' }, ` ${cost}`))
}

/**
 * Nothing to be seen, in words.
 * @param {string} text
 */
export const empty = (text) => h('p', { class: 'empty' }, text)
