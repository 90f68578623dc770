import { isSecretName, MASK } from './names.ts'

/** The address of a request: as any other, and without what its route calls a secret, such as `/reset/:token`. */
export function maskRequestUrl(url: string, params: unknown): string {
  const secret = Object.entries((params ?? {}) as Record<string, unknown>).flatMap(([name, value]) => (typeof value === 'string' && value !== '' && isSecretName(name) ? [value] : []))
  if (secret.length === 0) return maskUrl(url)
  const [path = '', ...rest] = url.split(/(?=[?#])/)
  const shown = path.split('/').map((part) => (secret.some((value) => part === value || decoded(part).includes(value)) ? MASK : part))
  return maskUrl([shown.join('/'), ...rest].join(''))
}

/** A URL, or the path and query of one, whose secrets are gone: values of its query by their names, and what stands before the host. */
export function maskUrl(url: string): string {
  const [, before = '', query, fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(url) ?? []
  return before.replace(/^([a-z][a-z\d+.-]*:)?(\/\/)[^/@]*@/i, `$1$2${MASK}@`) + (query === undefined ? '' : maskQuery(query)) + maskQuery(fragment)
}

const maskQuery = (query: string): string => query.replaceAll(/([?#&;]?)([^&;=?#]+)=([^&;]*)/g, (all: string, start: string, name: string) => (isSecretName(decoded(name)) ? `${start}${name}=${MASK}` : all))

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}
