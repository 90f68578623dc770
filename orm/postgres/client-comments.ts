import { createHash } from 'node:crypto'
import { withComment } from '../comments/append.ts'
import type { Commenter } from '../comments/commenter.ts'
import type { EventOwner } from '../events/events.ts'
import { Recent } from '../recent.ts'
import { isSubmittable } from './watch-client.ts'

/** What pg is given to send, other than a text. */
interface StatementLike {
  readonly text?: unknown
  /** It is prepared on the connection under this name, with this text for ever. */
  readonly name?: unknown
}

/** With so many comments the same prepared statement may be kept on a connection; where it gets more of them, it goes without. */
const MOST_VARIANTS = 20

/** So many names are remembered. */
const MOST_NAMES = 1000

/** pg complains of longer names. */
const LONGEST_NAME = 63

/** Puts comments into what is sent on one connection. */
export class ClientComments {
  /** The text of each prepared statement: once it is there, pg is content with its name. */
  readonly #texts = new Recent<string, string>(MOST_NAMES)
  /** Comment -> name, of each prepared statement. */
  readonly #variants = new Recent<string, Map<string, string>>(MOST_NAMES)

  /**
   * @param args - what pg's `query()` is given
   * @returns what to give it instead; objects with a `submit()` are changed, all others stay as they are
   */
  add(commenter: Commenter, owner: EventOwner | undefined, args: readonly unknown[]): unknown[] {
    const [given, ...rest] = args
    const comment = commenter.of(owner)
    if (typeof given === 'string') return [withComment(given, comment), ...rest]
    const statement = given as StatementLike
    const changes = this.#changes(statement, comment, commenter.varies)
    if (changes === undefined) return [...args]
    if (!isSubmittable(statement)) return [derived(statement, changes), ...rest]
    for (const [key, value] of Object.entries(changes)) Reflect.set(statement, key, value)
    return [...args]
  }

  #changes({ text: given, name }: StatementLike, comment: string, unnamed: boolean): StatementLike | undefined {
    const named = typeof name === 'string' && name !== ''
    const text = named && given === undefined ? this.#texts.get(name) : given
    if (typeof text !== 'string') return undefined
    if (!named) return { text: withComment(text, comment) }
    this.#texts.set(name, text)
    if (unnamed) return { text: withComment(text, comment), name: undefined }
    const variant = this.#variantOf(name, comment)
    return variant === undefined ? undefined : { text: withComment(text, comment), name: variant }
  }

  #variantOf(name: string, comment: string): string | undefined {
    if (comment === '') return undefined
    let variants = this.#variants.get(name)
    if (variants === undefined) this.#variants.set(name, (variants = new Map()))
    let variant = variants.get(comment)
    if (variant === undefined && variants.size < MOST_VARIANTS) variants.set(comment, (variant = variantName(name, comment)))
    return variant
  }
}

/** The same for the same comment, wherever it is made: a pooler between us and the server may know it from another process. */
function variantName(name: string, comment: string): string {
  const suffixed = `${name}_${digest(comment).slice(0, 12)}`
  return suffixed.length <= LONGEST_NAME ? suffixed : `sqlassist_${digest(`${name}\0${comment}`).slice(0, 40)}`
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Not a copy: what it says may stand in its class. */
const derived = (statement: object, changes: StatementLike): unknown => Object.defineProperties(Object.create(statement) as object, Object.getOwnPropertyDescriptors(changes))
