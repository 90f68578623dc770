import { maskMembers } from './members.ts'
import { isSecretName, MASK } from './names.ts'

// All of these are bounded, because a text may be anything.

/** `token=...` in queries of addresses, `password=...` in what connections are made from, `secret => ...`; quotes in a literal are doubled. */
const PAIR = /(?<![\w.%[\]-])([\w.%[\]-]{1,200})(\s{0,5}=>?\s{0,5})(''[^']{0,5000}''|'[^']{0,5000}'|"[^"]{0,5000}"|[^\s&;,'"<>(){}]{1,5000})/g
const ARROW = /"([\w .-]{1,200})"(\s{0,5}=>\s{0,5})"(?:[^"\\]|\\[^]){0,5000}"?/g
/** `Authorization: ...` at the beginning of a line, or of the value. */
const HEADER = /(^|['"\n\r]|\\[nr]|\/\*|--)(\s{0,5}[\w-]{1,100}\s{0,3}:\s{0,3})(?!\/\/|\*\*\*)([^\n\r'"\\]{1,5000})/g
const ELEMENT = /<([\w:.-]{1,100})((?:\s[^<>]{0,500})?)>([^<]{1,5000})/g
const ADDRESS = /\b([a-z][a-z\d+.-]{1,30}:\/\/)([^\s/@'"]{1,500})@/gi
/** What is secret by its looks. */
const BEARER = /\b(bearer\s{1,5})[\w.~+/=-]{8,}/gi
const JWT = /\beyJ[\w-]{5,5000}\.[\w-]{1,5000}\.[\w-]{0,5000}/g
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,20000}/g

/** Text, in which members of JSON, parts of addresses, headers and the like may be secret. */
export function maskText(text: string): string {
  let shown = maskMembers(text)
  if (shown.includes('://')) shown = shown.replaceAll(ADDRESS, `$1${MASK}@`)
  if (shown.includes('=>')) shown = shown.replaceAll(ARROW, (all: string, name: string, arrow: string) => (isSecretName(name) ? `"${name}"${arrow}"${MASK}"` : all))
  if (shown.includes('=')) shown = shown.replaceAll(PAIR, (all: string, name: string, sign: string) => (isSecretName(decoded(name)) ? `${name}${sign}${MASK}` : all))
  if (shown.includes(':')) shown = shown.replaceAll(HEADER, (all: string, before: string, name: string) => (isSecretName(name) ? `${before}${name}${MASK}` : all))
  if (shown.includes('<')) shown = shown.replaceAll(ELEMENT, (all: string, name: string, rest: string) => (isSecretName(name) ? `<${name}${rest}>${MASK}` : all))
  return shown.replaceAll(BEARER, `$1${MASK}`).replaceAll(JWT, MASK).replaceAll(PRIVATE_KEY, MASK)
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** What PostgreSQL says of the row that it refuses: `Key (email)=(alice) already exists.` */
const KEY = /\(([^()]{1,500})\)=\((.*?)\)(?=$|[\s,.]|[^)])/gs

/**
 * What an error says, without secrets.
 *
 * @param all - takes all values out
 */
export function maskError(message: string, all: boolean): string {
  const keys = message.replaceAll(KEY, (whole: string, columns: string) => (all || columns.split(',').some((column) => isSecretName(column.trim())) ? `(${columns})=(${MASK})` : whole))
  const rows = keys.replaceAll(/(Failing row contains )\(.*\)/gs, `$1(${MASK})`).replaceAll(/(unterminated [\w ]{1,40} at or near )".*/gs, `$1"${MASK}"`)
  return maskText(all ? rows.replaceAll(/(: |at or near )"[^]*?"(?=$|\n)/g, `$1"${MASK}"`).replaceAll(/'(?:[^']|'')*'/g, `'${MASK}'`) : rows)
}
