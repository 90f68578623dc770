// Colours for SQL. It need not understand it: what it does not know stays as it is, and no character is added or lost.
import { h, put } from './dom.js'
import { clipped } from './format.js'

const KEYWORDS = new Set(`
  abort action add all alter analyze and any array as asc begin between by cascade case cast check collate column commit conflict constraint
  create cross current current_date current_timestamp cursor database default deferrable deferred delete desc distinct do drop each else end
  escape except exclusive exists explain false fetch filter first for foreign from full function generated grant group having ilike immediate in
  index inner insert intersect into is isnull isolation join key language last lateral left level like limit local lock locked materialized
  natural next no not nothing notnull null nulls of offset on only or order outer over partition pragma prepare prepared primary read recursive
  references release repeatable replace restrict returning revoke right rollback row rows savepoint schema select serializable session set share
  show skip start table temp temporary then to transaction trigger true truncate type union unique update using vacuum values view wait when
  where window with work write`.trim().split(/\s+/))

/** In this order: a statement is read from left to right, and the first one that fits is taken. */
const PIECES = /** @type {const} */ ([
  ['comment', /--[^\n]*|\/\*[^]*?(?:\*\/|$)/],
  ['string', /'[^']*(?:''[^']*)*'?|\$(?<tag>[a-z_]*)\$[^]*?(?:\$\k<tag>\$|$)/],
  ['name', /"[^"]*(?:""[^"]*)*"?|`[^`]*`?/],
  ['parameter', /\$\d+|\?|:[a-z_]\w*/],
  ['number', /\b\d+(?:\.\d+)?\b/],
  ['keyword', /[a-z_]\w*/],
])
const PIECE = new RegExp(PIECES.map(([kind, { source }]) => `(?<${kind}>${source})`).join('|'), 'gi')

/** More than this is shown without colours: a statement can be megabytes long. */
const LIMIT = 20_000

/**
 * @param {string} sql
 * @returns {Generator<[kind: string, text: string]>}
 */
export function* tokens(sql) {
  let plain = ''
  let end = 0
  for (const match of sql.slice(0, LIMIT).matchAll(PIECE)) {
    const [text] = match
    const found = PIECES.find(([kind]) => match.groups?.[kind] !== undefined)?.[0] ?? ''
    const kind = found === 'keyword' && !KEYWORDS.has(text.toLowerCase()) ? '' : found
    plain += sql.slice(end, match.index)
    end = match.index + text.length
    if (kind === '') {
      plain += text
      continue
    }
    if (plain !== '') yield ['', plain]
    plain = ''
    yield [kind, text]
  }
  plain += sql.slice(end)
  if (plain !== '') yield ['', plain]
}

/**
 * SQL in colours.
 * @param {string} sql
 * @param {(text: string) => string} [change] How each piece is written.
 */
export function highlighted(sql, change = (text) => text) {
  const code = h('code', { class: 'sql' })
  for (const [kind, text] of tokens(sql)) put(code, kind === '' ? change(text) : h('span', { class: `sql-${kind}` }, change(text)))
  return code
}

/**
 * SQL on one line, its beginning.
 * @param {string} sql
 */
export const inOneLine = (sql) => highlighted(clipped(sql.trim(), 300), (text) => text.replaceAll(/\s+/g, ' '))
