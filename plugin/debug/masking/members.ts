import { isSecretName, MASK } from './names.ts'

/** A name and its colon; within a string that is itself in a string the quotes are escaped, more than once if need be. */
const NAME = /(\\{0,20}")([^"\\\n]{1,200})\1\s{0,20}:\s{0,20}/g

/** JSON in a text, whole or in pieces, in which the values of secret names are gone, be they texts, numbers, lists or objects. */
export function maskMembers(text: string): string {
  if (!text.includes('"')) return text
  let shown = ''
  let from = 0
  NAME.lastIndex = 0
  for (let found = NAME.exec(text); found !== null; found = NAME.exec(text)) {
    const [, quote = '"', name = ''] = found
    if (!isSecretName(name)) continue
    const start = NAME.lastIndex
    const end = endOfValue(text, start, quote)
    if (text.slice(start, end) !== 'null') shown += `${text.slice(from, start)}${quote}${MASK}${quote}`
    else shown += text.slice(from, end)
    from = end
    NAME.lastIndex = Math.max(end, start)
  }
  return shown + text.slice(from)
}

/** Where a value ends; of what is cut off, with the text. */
function endOfValue(text: string, start: number, quote: string): number {
  if (text.startsWith(quote, start)) return endOfText(text, start, quote)
  let at = start
  for (let depth = 0; at < text.length; at++) {
    const character = text[at]!
    if (text.startsWith(quote, at)) at = endOfText(text, at, quote) - 1
    else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (depth === 0 && /[,\s']/.test(character)) return at
  }
  return text.length
}

/**
 * Where a text ends that began with this quote. Each time that JSON is put into a string, a quote gets a backslash, and each backslash another one: the quote that ends a
 * text is the one that is none within, after as many steps back. An even number of backslashes escapes nothing: then an outer text has ended.
 */
function endOfText(text: string, start: number, quote: string): number {
  const isEscaping = /^e'/i.test(text) // PostgreSQL's E'...' does it once more
  const opening = quote.length - 1
  const depth = Math.log2((isEscaping ? opening >> 1 : opening) + 1)
  for (let at = text.indexOf('"', start + quote.length); at !== -1; at = text.indexOf('"', at + 1)) {
    let left = 0
    while (text[at - 1 - left] === '\\') left++
    if (isEscaping) left >>= 1
    for (let step = 0; step < depth && left % 2 === 1; step++) left = (left - 1) / 2
    if (left % 2 === 0) return at + 1
  }
  return text.length
}
