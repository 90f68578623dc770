/** More of an error's text is of no use, and an error may have the whole statement in it. */
const LONGEST = 2000

/** What an error says, and what PostgreSQL says beside it. */
export function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error).slice(0, LONGEST)
  const { message, code, detail } = error as { readonly message?: unknown; readonly code?: unknown; readonly detail?: unknown }
  const text = [typeof code === 'string' ? `${code}:` : '', typeof message === 'string' ? message : '', typeof detail === 'string' ? `\n${detail}` : ''].join(' ').trim()
  return text.slice(0, LONGEST)
}
