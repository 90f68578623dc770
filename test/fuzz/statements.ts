// What of a statement is text, and what is a value: read from the statement as it is sent, by the rules of SQL and not by ours.

/** A value written into a statement: text (with PostgreSQL's escapes after an E), bytes, a number, true, false or null. */
const LITERAL = / ?E'(?:\\.|''|[^'\\])*'|X?'(?:''|[^'])*'|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|true|false|null/isy

/**
 * Takes the values out of a statement that was sent.
 *
 * @param template - the statement with a `?` for each value
 * @param sent - the statement with the values in it
 * @returns false where anything else than a value differs between the two
 */
export function isTemplateOf(template: string, sent: string): boolean {
  let at = 0
  for (const piece of template.split(/(\?)/)) {
    if (piece === '?') {
      LITERAL.lastIndex = at
      const found = LITERAL.exec(sent)
      if (found === null) return false
      at = LITERAL.lastIndex
    } else {
      if (!sent.startsWith(piece, at)) return false
      at += piece.length
    }
  }
  return at === sent.length
}

/** A template in which a list of values has one length. */
export const withoutLengths = (template: string): string => template.replaceAll(/\(\?(?:, \?)*\)/g, '(?...)').replaceAll(/\(\?\.\.\.\)(?:, \(\?\.\.\.\))*/g, '(?...)')
