import { isSecretName, MASK } from './names.ts'

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
