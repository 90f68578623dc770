// The sessions of a request, and the connections that they had.
/** @import { PoolStats } from '../../../orm/index.ts' */
/** @import { ConnectionRecord, RequestDetail, RouteRecord, SessionRecord } from '../types.ts' */
import { h, joined } from './dom.js'
import { engineName } from './engine-colours.js'
import { clipped, duration } from './format.js'
import { plainTable } from './table.js'
import { empty, mark } from './words.js'

/** @type {readonly import('./table.js').Label[]} */
const SESSION_COLUMNS = [['Session', 'num'], ['Engine'], ['Why this engine', 'wide'], ['May'], ['Opened at', 'num'], ['Closed at', 'num'], ['Entities', 'num']]

/** @type {readonly import('./table.js').Label[]} */
const CONNECTION_COLUMNS = [
  ['Process', 'num'], ['Engine'], ['Session', 'num'], ['Waited', 'num'], ['Taken at', 'num'], ['Held', 'num'], ['Pool when it was taken', 'wide'],
]

/** @param {RequestDetail} request */
export const sessions = (request) => h('section', { 'aria-label': 'Sessions and connections' },
  h('h2', {}, 'Sessions'),
  request.sessions.length === 0
    ? empty('No session was touched by this request: nothing was opened, and nothing had to be closed.')
    : plainTable('Sessions', SESSION_COLUMNS, request.sessions.map((session) => sessionLine(session, request))),
  h('h2', {}, 'Connections'),
  request.connections.length === 0
    ? empty('No connections were active on this request.')
    : plainTable('Connections', CONNECTION_COLUMNS, request.connections.map((connection) => connectionLine(connection, request))))

/**
 * @param {SessionRecord} session
 * @param {RequestDetail} request
 */
const sessionLine = ({ engine, session, readonly, autocommit, why, routes, openedMs, closedMs, managed }, { state }) => [
  session, engineName(engine), h('div', {}, why, ...routes.map(routeLine)), mayInWords({ readonly, autocommit }), duration(openedMs),
  closedMs !== null ? duration(closedMs) : state === 'running' ? mark('START', 'good') : mark('not closed', 'bad'),
  managed ?? '–',
]

/** @param {RouteRecord} route */
const routeLine = (route) => h('span', { class: 'second' }, `at ${duration(route.atMs)} ${clipped(route.server, 40)}: ${routeInWords(route)}`)

/**
 * Why a session reads where it does.
 * @param {RouteRecord} route
 */
export const routeInWords = ({ why, asked, found, waitedMs }) => [
  clipped(why, 500),
  asked !== null && `asked for ${asked}`, found !== null && `found ${found}`, `chosen in ${duration(waitedMs)}`,
].filter((text) => text !== false).join(', ')

/**
 * @param {ConnectionRecord} connection
 * @param {RequestDetail} request
 */
const connectionLine = ({ engine, session, pid, waitedMs, atMs, heldMs, destroyed, pool, error }, { state }) => [
  pid ?? '–', engineName(engine), session ?? '–', duration(waitedMs), duration(atMs),
  error !== null ? '' : heldMs !== null ? duration(heldMs) : state === 'running' ? 'held now' : mark('not given back', 'bad'),
  h('div', {}, ...joined([poolInWords(pool), destroyed && mark('destroyed', 'warn')], ' '),
    error !== null && h('p', { class: 'error' }, h('strong', {}, 'Not to be had: '), clipped(error, 2000))),
]

/** @param {{ readonly: boolean, autocommit: boolean }} engine */
export const mayInWords = ({ readonly, autocommit }) => (readonly ? 'read' : autocommit ? 'write, autocommit' : 'read, write')

/** @param {PoolStats | null} pool */
export const poolInWords = (pool) => (pool === null
  ? 'no pool'
  : `${pool.total - pool.idle} used, ${pool.idle} idle, ${pool.waiting} waiting; ${pool.max} at most`)
