import { isMeant, isWord, type Token } from './tokens.ts'

/** Words that a line begins with, wherever they stand in a query. */
const CLAUSES: ReadonlySet<string> = new Set(['select', 'where', 'having', 'limit', 'offset', 'union', 'except', 'intersect', 'set', 'returning', 'window', 'using'])
const JOINS: readonly string[] = ['join', 'left', 'right', 'full', 'inner', 'cross', 'natural']
const STEP = '  '

/** A piece that means something, or a comment, and whether there is a blank before it. */
interface Piece {
  readonly token: Token
  readonly apart: boolean
}

/**
 * A statement with a line for each of its clauses. Only the blanks between its pieces are changed: not a character of values, names and comments.
 */
export function formatted(tokens: readonly Token[]): string {
  const pieces = piecesOf(tokens)
  const lines = new Lines()
  /** For each open parenthesis: whether a query stands in it. */
  const queries: boolean[] = []
  let between = false
  for (const [index, { token, apart }] of pieces.entries()) {
    const before = pieces[index - 1]?.token
    const next = pieces[index + 1]?.token
    if (token.text === ')' && queries.pop() === true) lines.begin(depthOf(queries))
    const inQuery = queries.at(-1) !== false
    if (inQuery && isWord(token, 'between')) between = true
    if (inQuery && !between && isWord(token, 'and', 'or')) lines.begin(depthOf(queries), STEP)
    else if (inQuery && before !== undefined && beginsLine(token, before, next)) lines.begin(depthOf(queries))
    if (isWord(token, 'and')) between = false
    lines.put(token, apart)
    if (token.text === '(') {
      queries.push(isWord(next, 'select', 'with'))
      if (queries.at(-1) === true) lines.begin(depthOf(queries))
    }
    if (token.text.startsWith('--')) lines.begin(depthOf(queries))
  }
  return lines.text
}

function piecesOf(tokens: readonly Token[]): Piece[] {
  return tokens.flatMap((token, index) => (token.kind === 'space' ? [] : [{ token, apart: tokens[index - 1]?.kind === 'space' }]))
}

const depthOf = (queries: readonly boolean[]): number => queries.filter(Boolean).length

function beginsLine(token: Token, before: Token, next: Token | undefined): boolean {
  if (token.kind !== 'word' || !isMeant(before)) return false
  const word = token.text.toLowerCase()
  if (word === 'from') return !isWord(before, 'delete', 'distinct')
  if (word === 'values') return next?.text === '('
  if (word === 'group' || word === 'order') return isWord(next, 'by')
  if (word === 'on') return isWord(next, 'conflict')
  if (word === 'update' || word === 'delete' || word === 'insert') return before.text === ')' // behind what `with` has named
  if (JOINS.includes(word)) return !isWord(before, ...JOINS, 'outer') && (word === 'join' || isWord(next, ...JOINS, 'outer'))
  return CLAUSES.has(word) && !isWord(before, 'for')
}

class Lines {
  readonly #lines: string[] = []
  #line = ''
  #indent = ''

  get text(): string {
    return [...this.#lines, this.#line].filter((line) => line !== '').join('\n')
  }

  begin(depth: number, more = ''): void {
    if (this.#line !== '') this.#lines.push(this.#line)
    this.#line = ''
    this.#indent = STEP.repeat(depth) + more
  }

  put({ text }: Token, apart: boolean): void {
    this.#line += this.#line === '' ? this.#indent + text : apart ? ` ${text}` : text
  }
}
