import { OptionalPeerMissingError } from './errors.ts'

/** What Node.js says of a package that is not there, and what it says where a loader resolves as CommonJS does. */
const NOT_FOUND: ReadonlySet<unknown> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])

/**
 * Loads a package that an application only needs for some of what we do.
 *
 * @param why - what needs it
 * @throws OptionalPeerMissingError where it is not installed
 */
export async function optionalPeer<T>(name: string, why: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    if (!NOT_FOUND.has((cause as { code?: unknown }).code)) throw cause
    throw new OptionalPeerMissingError(name, why, { cause })
  }
}
