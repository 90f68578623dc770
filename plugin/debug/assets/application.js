// The application: its engines, what is wrong with the set-up, the panel's options, what runs here.
/** @import { EngineRecord, PanelInfo } from '../types.ts' */
import { EDITORS } from './caller.js'
import { h, joined } from './dom.js'
import { engineName } from './engine-colours.js'
import { bytes, duration } from './format.js'
import { kept, keep } from './kept.js'
import { mayInWords, poolInWords } from './sessions.js'
import { plainTable } from './table.js'
import { LEGEND, empty, mark } from './words.js'

/** @param {PanelInfo} info */
export const hints = ({ hints: all }) => all.map((hint) => h('div', { class: 'callout bad' }, h('div', {}, h('strong', {}, 'Set-up: '), hint)))

/**
 * @param {PanelInfo} info
 * @param {readonly EngineRecord[]} engines
 */
export function application(info, engines) {
  return h('article', { class: 'application' },
    h('h1', {}, 'Application'),
    h('p', { class: 'muted' }, 'Its sessions are at ', h('code', {}, `request.${info.attribute}`), `, in process ${info.pid}.`),
    ...hints(info),
    h('h2', {}, 'Engines'),
    engines.length === 0
      ? empty('No engines: fastify-sqlassist is not registered here, or not before the panel.')
      : plainTable('Engines', ENGINE_COLUMNS, engines.map(engineLine)),
    h('h2', {}, 'Panel'),
    plainTable('Panel', [['Option'], ['Value', 'wide']], [
      ['Requests kept', `the last ${info.maxRequests}`],
      ['Of each request', `${info.maxStatements} statements, ${bytes(info.maxBytes)}`],
      ['Slow is', `${duration(info.slowQueryMs)} or more`],
      ['Parameters', info.parametersShown ? 'shown' : 'masked'],
      ['EXPLAIN', info.explain ? 'allowed' : 'off'],
      ['Callers open in', editorChoice()],
    ]),
    h('h2', {}, 'Versions'),
    plainTable('Versions', [['Package'], ['Version', 'wide']], Object.entries(info.versions).map(([name, version]) => [h('code', {}, name), version])),
    h('h2', {}, 'States'), legend())
}

/** @type {readonly import('./table.js').Label[]} */
const ENGINE_COLUMNS = [['Engine'], ['Database', 'wide'], ['May'], ['Pool'], ['Sessions open', 'num'], ['Opened', 'num'], ['Closed', 'num']]

/** @param {EngineRecord} engine */
const engineLine = ({ name, default: isDefault, readonly, autocommit, dialect, database, pool, sessions }) => [
  h('span', { class: 'use' }, engineName(name), isDefault && ' ', isDefault && mark('default')),
  h('div', {}, ...joined([dialect, h('code', {}, database)], ' ')),
  mayInWords({ readonly, autocommit }),
  poolInWords(pool), sessions.open, sessions.opened, sessions.closed,
]

function editorChoice() {
  const options = Object.keys(EDITORS).map((name) => h('option', { value: name }, name))
  const select = h('select', { 'aria-label': 'Editor that callers open in', onchange: () => keep('editor', select.value) }, ...options)
  select.value = kept('editor') ?? 'VS Code'
  return select
}

/** @type {Record<string, string>} */
const KINDS = { 'not closed': 'bad', failed: 'bad', START: 'good', slow: 'warn', 'N+1': 'warn', duplicate: 'warn' }

export const legend = () => h('dl', { class: 'legend' }, ...LEGEND.map(([name, words]) =>
  h('div', {}, h('dt', {}, mark(name, KINDS[name])), h('dd', {}, words))))
