import { OptionalPeerMissingError } from './errors.ts'

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
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new OptionalPeerMissingError(name, why, { cause })
  }
}
