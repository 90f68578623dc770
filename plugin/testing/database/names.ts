import { randomBytes } from 'node:crypto'

/** What a database is for. Its name says it, and when it was made, so that one that was left behind is found. */
export type Purpose = 'test' | 'making'

const PREFIX = 'sqlassist'

/** @param seconds - the server's time: whoever looks at the name later may be on another machine */
export const newName = (purpose: Purpose, seconds: number): string => `${PREFIX}_${purpose}_${seconds.toString(36)}_${randomBytes(8).toString('hex')}`

export const templateName = (digest: string): string => `${PREFIX}_template_${digest.slice(0, 32)}`

/** What a name says; undefined where it is none of ours. */
export function readName(name: string): { readonly purpose: Purpose; readonly seconds: number } | undefined {
  const [, purpose, seconds] = new RegExp(`^${PREFIX}_(test|making)_([0-9a-z]+)_[0-9a-f]{16}$`).exec(name) ?? []
  return purpose === undefined ? undefined : { purpose: purpose as Purpose, seconds: Number.parseInt(seconds!, 36) }
}

/** The URL of another database on the same server. */
export function atDatabase(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}
