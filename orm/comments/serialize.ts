/** How much is kept of a key and of a value, in characters before they are encoded, and of how many. */
const LONGEST_KEY = 64
const LONGEST_VALUE = 256
const MOST_KEYS = 32

/**
 * A comment in the format of sqlcommenter: keys in their order, everything URL-encoded, values in quotes. Nothing that stands in a value can end the string
 * or the comment, begin another one, or be taken for a placeholder: what is not a letter, a digit or one of `-_.~` is encoded.
 *
 * @returns an empty text where there is nothing to say
 */
export function serialized(tags: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(tags).flatMap(([key, value = '']) => (key === '' || value === '' ? [] : [pair(key, value)]))
  return pairs.length === 0 ? '' : `/*${pairs.toSorted().slice(0, MOST_KEYS).join(',')}*/`
}

const pair = (key: string, value: string): string => `${encoded(key, LONGEST_KEY)}='${encoded(value, LONGEST_VALUE)}'`

/**
 * URL encoding knows no half of a surrogate pair, which the cut may leave as well. Two dashes would begin a comment of their own where the statement
 * has left a string open: the last quote would be swallowed, and what the database refuses without our comment would be accepted.
 */
const encoded = (text: string, longest: number): string => encodeURIComponent(text.slice(0, longest).toWellFormed()).replaceAll(/[!'()*]|-(?=-)/g, hex)

const hex = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
