// Finds the statements in a text that may hold several, as PostgreSQL's lexer does. Values stand in the text as well, and may be anything:
// nothing here takes longer than the text is long.

/** Where something begins in which a semicolon ends no statement, or a statement ends. */
const LANDMARK = /[;'"$]|--|\/\*/g
const WORD = /[a-z_\u0080-\uffff][\w$\u0080-\uffff]*/iy
const DOLLAR_QUOTE = /\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/iy
const COMMENT_EDGE = /\/\*|\*\//g

/** More are not needed to tell `ROLLBACK TO` from `ROLLBACK`. */
const HEAD_WORDS = 3

/** The first words of each statement in a text, in lower case, with one blank between them. */
export function statementHeads(text: string): string[] {
  const heads: string[] = []
  let at = 0
  while (at < text.length) {
    const words: string[] = []
    const start = (at = afterBlanks(text, at))
    while (words.length < HEAD_WORDS) {
      const word = match(WORD, text, at)
      if (word === undefined) break
      words.push(word.toLowerCase())
      at = afterBlanks(text, at + word.length)
    }
    const end = endOfStatement(text, at)
    if (end > start) heads.push(words.join(' '))
    at = end + 1
  }
  return heads
}

/** The statements in a text, one by one. */
export function statementsIn(text: string): string[] {
  const statements: string[] = []
  for (let at = 0; at < text.length; ) {
    const start = afterBlanks(text, at)
    const end = endOfStatement(text, start)
    if (end > start) statements.push(text.slice(start, end))
    at = end + 1
  }
  return statements
}

function afterBlanks(text: string, from: number): number {
  let at = from
  for (;;) {
    const before = at
    while (at < text.length && text[at]!.trim() === '') at++
    if (text.startsWith('--', at) || text.startsWith('/*', at)) at = afterQuoted(text, at, text.slice(at, at + 2))
    if (at === before) return at
  }
}

/** @returns where the semicolon is, or the end of the text */
function endOfStatement(text: string, from: number): number {
  let at = from
  for (;;) {
    LANDMARK.lastIndex = at
    if (!LANDMARK.test(text)) return text.length
    const last = LANDMARK.lastIndex - 1
    const opening = text[last]!
    if (opening === ';') return last
    at = opening === '-' ? afterQuoted(text, last - 1, '--') : opening === '*' ? afterQuoted(text, last - 1, '/*') : afterQuoted(text, last, opening)
  }
}

/** @returns where the comment, the string or the quoted name ends that begins at `at`; the end of the text where it does not */
function afterQuoted(text: string, at: number, opening: string): number {
  if (opening === '--') return after(text, '\n', at)
  if (opening === '/*') return afterComment(text, at)
  if (opening === '$') {
    const tag = match(DOLLAR_QUOTE, text, at)
    return tag === undefined ? at + 1 : after(text, tag, at + tag.length)
  }
  if (opening === "'" && /e/i.test(text[at - 1] ?? '') && !/[\w$]/.test(text[at - 2] ?? '')) return afterEscapeString(text, at + 1)
  return after(text, opening, at + 1) // where the quote is doubled, one more string follows, which makes no difference
}

/** Comments may stand in comments. */
function afterComment(text: string, from: number): number {
  COMMENT_EDGE.lastIndex = from
  let depth = 0
  for (;;) {
    const edge = COMMENT_EDGE.exec(text)
    if (edge === null) return text.length
    depth += edge[0] === '/*' ? 1 : -1
    if (depth === 0) return COMMENT_EDGE.lastIndex
  }
}

function afterEscapeString(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === "'") return at + 1
  }
  return text.length
}

function after(text: string, closing: string, from: number): number {
  const index = text.indexOf(closing, from)
  return index === -1 ? text.length : index + closing.length
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
