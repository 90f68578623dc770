import { isMeant, isWord, type Token, tokensOf } from '../sql/tokens.ts'

/** Stands for a hole while its surroundings are looked at. PostgreSQL counts from 1. */
const HOLE = '$0'

/** What may be bound: everything else may take a value only as a part of its text. */
const BINDABLE: readonly string[] = ['select', 'insert', 'update', 'delete', 'with']

/**
 * A value may stand behind them, and its type is found as that of a literal would be. `limit` is left out: there are few of them, and a plan for all of them
 * would be one for a tenth of the rows.
 */
const BEFORE_VALUE: readonly string[] = ['like', 'ilike', 'then', 'else', 'when', 'offset', 'between', 'and', 'or']

/** In their parentheses stand values, and nothing but the type of something else decides what these are. */
const LISTS: readonly string[] = [
  'in', 'values', 'any', 'all', 'some', 'coalesce', 'nullif', 'greatest', 'least', 'lower', 'upper', 'plainto_tsquery', 'phraseto_tsquery', 'websearch_to_tsquery', 'to_tsquery',
]

/** Parentheses behind them only say what belongs together. */
const GROUPS: readonly string[] = ['and', 'or', 'not', 'when', 'where', 'on', 'having', 'then', 'else', 'between', 'like', 'ilike']

/** Where a clause ends in which two expressions are compared by how they are written. */
const AFTER_GROUP_BY: readonly string[] = ['having', 'order', 'limit', 'offset', 'window', 'union', 'except', 'intersect', 'fetch', 'for']

/** A pair of parentheses, or the statement as a whole. */
interface Level {
  /** Whether a value may stand behind its opening parenthesis, and behind its commas. */
  readonly values: boolean
  /** It is in a list of columns to answer with, whose names and types may come from how they are written. */
  answers: boolean
  /** Rows of values follow. */
  rows: boolean
}

/**
 * Which holes of a statement can be parameters, so that it means what it does with literals in them. Where it is not certain, it says no: a literal is always right.
 *
 * Literals and parameters are the same to PostgreSQL's parser but for: words that make a constant of what follows (`date '..'`), columns counted in
 * `order by 1`, expressions that have to be the same in two places, arguments of any type, `is`, and what is no query.
 *
 * @returns undefined where none can
 */
export function bindableHoles(pieces: readonly string[]): boolean[] | undefined {
  const tokens = tokensOf(pieces.join(HOLE))
  const meant = tokens.filter(isMeant)
  if (!isWord(meant[0], ...BINDABLE) || meant.some((token, index) => isForbidden(token, index === meant.length - 1))) return undefined
  if (isGroupedByMore(meant)) return undefined
  const bindable = judge(tokens, pieces)
  return bindable.includes(true) ? bindable : undefined
}

function isForbidden(token: Token, last: boolean): boolean {
  // An interval's fields change how its literal is read. Parameters that are there already would be counted twice.
  return isWord(token, 'interval') || (token.text === ';' && !last) || (token.kind === 'parameter' && token.text !== HOLE)
}

/** Whether there is more in a `group by` than names: what is selected must be the same expression then. */
function isGroupedByMore(meant: readonly Token[]): boolean {
  return meant.some((token, index) => {
    if (!isWord(token, 'group') || !isWord(meant[index + 1], 'by')) return false
    for (let at = index + 2; at < meant.length && meant[at]!.text !== ')' && !isWord(meant[at], ...AFTER_GROUP_BY); at++) {
      const { kind, text } = meant[at]!
      if (kind !== 'name' && kind !== 'word' && text !== '.' && text !== ',') return true
    }
    return false
  })
}

function judge(tokens: readonly Token[], pieces: readonly string[]): boolean[] {
  const bindable = pieces.slice(1).map(() => false)
  const distinct = tokens.some((token) => isWord(token, 'distinct'))
  const levels: Level[] = [{ values: false, answers: false, rows: false }]
  const before: Token[] = []
  let [ordered, conflict] = [false, false]
  let [hole, start, at] = [0, pieces[0]!.length, 0]
  for (const [index, token] of tokens.entries()) {
    const level = levels.at(-1)!
    const here = at
    at += token.text.length
    while (hole < bindable.length && start < here) start += HOLE.length + pieces[++hole]!.length
    if (!isMeant(token)) continue
    if (token.text === HOLE && start === here) {
      bindable[hole] = !level.answers && !conflict && !(distinct && ordered) && !touches(tokens, index) && mayFollow(before, level) && mayPrecede(nextMeant(tokens, index))
    } else if (token.text === '(') {
      levels.push({ values: isList(before, level), answers: level.answers, rows: false })
    } else if (token.text === ')') {
      if (levels.length > 1) levels.pop()
    } else if (token.kind === 'word') {
      if (isWord(token, 'select', 'returning')) level.answers = true
      else if (isWord(token, 'from') && !isWord(before.at(-1), 'distinct')) level.answers = levels.at(-2)?.answers ?? false
      else if (isWord(token, 'conflict')) conflict = true
      else if (isWord(token, 'do')) conflict = false
      else if (isWord(token, 'order')) ordered = true
      level.rows = isWord(token, 'values')
    }
    before.push(token)
  }
  return bindable
}

/** Whether something stands right beside a hole that would become one with a parameter's name. */
function touches(tokens: readonly Token[], index: number): boolean {
  const neighbours = [tokens[index - 1], tokens[index + 1]]
  return neighbours.some((token) => token !== undefined && ['word', 'number', 'name', 'string', 'parameter'].includes(token.kind))
}

function nextMeant(tokens: readonly Token[], index: number): Token | undefined {
  let at = index + 1
  while (at < tokens.length && !isMeant(tokens[at]!)) at++
  return tokens[at]
}

const mayPrecede = (next: Token | undefined): boolean => !isWord(next, 'is', 'isnull', 'notnull', 'overlaps') && next?.text !== '[' && next?.text !== '.' && next?.kind !== 'string' && next?.kind !== 'name'

function mayFollow(before: readonly Token[], level: Level): boolean {
  const last = before.at(-1)
  if (last?.text === '(' || last?.text === ',') return level.values
  if (last?.kind === 'word') return isWord(last, ...BEFORE_VALUE)
  return isOperator(last) && !(last?.text === '>' && before.at(-2)?.text === '=') // `=>` names an argument
}

const isOperator = (token: Token | undefined): boolean => token?.kind === 'symbol' && !/^(?:[()[\].,;:@\\{}]|::|:=)$/.test(token.text)

function isList(before: readonly Token[], level: Level): boolean {
  const last = before.at(-1)
  if (isWord(last, ...LISTS, ...GROUPS)) return true
  if (last?.text === '(') return level.values
  if (last?.text === ',') return level.values || level.rows
  return isOperator(last)
}
