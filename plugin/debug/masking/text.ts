import { isSecretName, MASK } from './names.ts'

/** Members of JSON in a value; and those of JSON that is itself in a string, whose quotes are escaped. Bounded, because a value may be anything. */
const MEMBER = /"([\w .$-]{1,100})"(\s{0,20}:\s{0,20})(?:"(?:[^"\\]|\\[^]){0,5000}"?|-?[\d.]+|true|false)/g
const ESCAPED_MEMBER = /(\\+")([\w .$-]{1,100})\1(\s{0,20}:\s{0,20})\1[^"]{0,5000}"/g

/** Text, in which members of JSON and parts of addresses may be secret. */
export function maskText(text: string): string {
  if (!text.includes('"') && !text.includes('://')) return text
  return maskAddresses(text)
    .replaceAll(MEMBER, (all: string, name: string, colon: string) => (isSecretName(name) ? `"${name}"${colon}"${MASK}"` : all))
    .replaceAll(ESCAPED_MEMBER, (all: string, quote: string, name: string, colon: string) => (isSecretName(name) ? `${quote}${name}${quote}${colon}${quote}${MASK}${quote}` : all))
}

const maskAddresses = (text: string): string => text.replaceAll(/\b([a-z][a-z\d+.-]{1,30}:\/\/)([^\s/@'"]{1,500})@/gi, `$1${MASK}@`)

/** What PostgreSQL says of the row that it refuses: `Key (email)=(alice) already exists.` */
const KEY = /\(([^()]{1,500})\)=\((.*?)\)(?=$|[\s,.]|[^)])/gs

/**
 * What an error says, without secrets.
 *
 * @param all - takes all values out
 */
export function maskError(message: string, all: boolean): string {
  const keys = message.replaceAll(KEY, (whole: string, columns: string) => (all || columns.split(',').some((column) => isSecretName(column.trim())) ? `(${columns})=(${MASK})` : whole))
  const rows = keys.replaceAll(/(Failing row contains )\(.*\)/gs, `$1(${MASK})`)
  return maskText(all ? rows.replaceAll(/(: )"[^]*?"(?=$|\n)/g, `$1"${MASK}"`).replaceAll(/'(?:[^']|'')*'/g, `'${MASK}'`) : rows)
}
