// SQL in pieces, as far as one can tell them apart without knowing the database. Whatever the text is, its pieces put together are the text, and nothing
// here takes longer than the text is long: what an application sends may be anything.

export type TokenKind = 'space' | 'comment' | 'string' | 'name' | 'word' | 'number' | 'parameter' | 'symbol'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
}

const SPACE = /\s+/
const LINE_COMMENT = /--[^\n]*/
const COMMENT_EDGE = /\/\*|\*\//g
/** With its prefix: E'..' knows backslashes, the others do not. */
const STRING = /e'(?:[^'\\]|\\[^]|'')*'?|(?:[bnx]|u&)?'[^']*(?:''[^']*)*'?/
const DOLLAR_TAG = /\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/iy
const QUOTED_NAME = /(?:u&)?"[^"]*(?:""[^"]*)*"?|`[^`]*(?:``[^`]*)*`?/
const PARAMETER = /\$\d+|\?\d*/
const NUMBER = /0x[\da-f]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?/
const WORD = /[a-z_\u0080-\uffff][\w$\u0080-\uffff]*/
const SYMBOL = /::|:=|<>|<=|>=|!=|\|\||->>?|#>>?|@>|<@|[^]/

/** One after another, as they stand here: a group for each kind. */
const KINDS: readonly TokenKind[] = ['space', 'comment', 'string', 'name', 'parameter', 'number', 'word', 'symbol']
const TOKEN = new RegExp([SPACE, LINE_COMMENT, STRING, QUOTED_NAME, PARAMETER, NUMBER, WORD, SYMBOL].map(({ source }) => `(${source})`).join('|'), 'iy')

/** The pieces of a text. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < sql.length; ) {
    const token = tokenAt(sql, at)
    tokens.push(token)
    at += token.text.length
  }
  return tokens
}

function tokenAt(sql: string, at: number): Token {
  if (sql.startsWith('/*', at)) return { kind: 'comment', text: sql.slice(at, endOfComment(sql, at)) }
  if (sql[at] === '$') {
    DOLLAR_TAG.lastIndex = at
    const tag = DOLLAR_TAG.exec(sql)?.[0]
    if (tag !== undefined) return { kind: 'string', text: sql.slice(at, endOfDollarQuote(sql, at, tag)) }
  }
  TOKEN.lastIndex = at
  const groups = TOKEN.exec(sql)!
  const kind = groups.findIndex((group, index) => index > 0 && group !== undefined)
  return { kind: KINDS[kind - 1]!, text: groups[0] }
}

/** PostgreSQL's comments have comments in them. */
function endOfComment(sql: string, at: number): number {
  COMMENT_EDGE.lastIndex = at
  for (let depth = 0; ; ) {
    const edge = COMMENT_EDGE.exec(sql)
    if (edge === null) return sql.length
    depth += edge[0] === '/*' ? 1 : -1
    if (depth === 0) return COMMENT_EDGE.lastIndex
  }
}

function endOfDollarQuote(sql: string, at: number, tag: string): number {
  const end = sql.indexOf(tag, at + tag.length)
  return end === -1 ? sql.length : end + tag.length
}

/** Whether a piece says something to the database. */
export const isMeant = ({ kind }: Token): boolean => kind !== 'space' && kind !== 'comment'

/** Whether a piece is a value that was written into the statement. */
export const isLiteral = ({ kind }: Token): boolean => kind === 'string' || kind === 'number'

/** Whether a piece is this word, which is given in lower case. */
export const isWord = (token: Token | undefined, ...words: readonly string[]): boolean => token?.kind === 'word' && words.includes(token.text.toLowerCase())

/** What a name is without its quotes; undefined for what is no name. */
export function nameOf(token: Token | undefined): string | undefined {
  if (token?.kind === 'word') return token.text.toLowerCase()
  if (token?.kind !== 'name') return undefined
  const quote = token.text.at(-1)!
  return token.text.slice(token.text.indexOf(quote) + 1, -1).replaceAll(quote + quote, quote)
}
