/**
 * A statement with a comment at its end, before the semicolon. A statement that has such a comment already, at its end or its beginning, stays as it is.
 *
 * The text is not taken apart: values stand in it, and may be anything. Where its last line has two dashes, a comment may run to its end, so that a
 * new line is begun; in a string they make no difference, for the comment stands behind the string. The comment holds an even number of quotes, and
 * nothing that could hide one, so that a string that was left open still is.
 */
export function withComment(sql: string, comment: string): string {
  const end = endOf(sql)
  if (end === 0 || comment === '' || hasComment(sql, end)) return sql
  const separator = sql.lastIndexOf('--', end) > sql.lastIndexOf('\n', end - 1) ? '\n' : ' '
  return sql.slice(0, end) + separator + comment + sql.slice(end)
}

/**
 * The same at its beginning, for SQLite: there the name of a column without an alias is the text up to the next word, comments included, and a view
 * is kept with all that stands behind it.
 */
export const withLeadingComment = (sql: string, comment: string): string => {
  const end = endOf(sql)
  return end === 0 || comment === '' || hasComment(sql, end) ? sql : `${comment} ${sql}`
}

/** Where the text ends, but for blanks and semicolons. */
function endOf(sql: string): number {
  let end = sql.length
  while (end > 0 && (sql[end - 1] === ';' || isBlank(sql.charCodeAt(end - 1)))) end--
  return end
}

function hasComment(sql: string, end: number): boolean {
  if (sql.endsWith(`'*/`, end)) return true
  let start = 0
  while (isBlank(sql.charCodeAt(start))) start++
  return sql.startsWith('/*', start) && sql[sql.indexOf('*/', start + 2) - 1] === `'`
}

/** What databases call a blank; others of JavaScript's may be part of a name. */
const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)
