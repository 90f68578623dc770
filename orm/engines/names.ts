import { EngineNameInvalidError } from '../errors.ts'

/** Names that the seed gives a meaning of their own. */
const RESERVED_WORDS = new Set(['!all', '!default'])

/** Members that JavaScript looks for by itself: `await container` and `JSON.stringify(container)` would open a session. */
const LOOKED_FOR = new Set(['then', 'toJSON'])

/** An object is not shown: where name and options were swapped it holds a password. */
const show = (name: unknown): string =>
  typeof name === 'string' ? `'${name}'` : typeof name === 'object' && name !== null ? 'An object' : typeof name === 'function' ? 'A function' : String(name)

/**
 * Refuses a name that could not be a property of a container, or that would hide something: a method of the container, a member of
 * every object, a future member.
 *
 * @param name - whatever was given
 * @param taken - the members of the container class in use
 * @throws EngineNameInvalidError
 */
export function assertEngineName(name: unknown, taken: (name: string) => boolean): asserts name is string {
  const problem = problemOf(name, taken)
  if (problem !== undefined) throw new EngineNameInvalidError(show(name), problem)
}

function problemOf(name: unknown, taken: (name: string) => boolean): string | undefined {
  if (typeof name !== 'string') return `a name is a string, not ${name === null ? 'null' : name === undefined ? 'undefined' : `of type ${typeof name}`}`
  if (name.trim() === '') return 'it is empty'
  if (RESERVED_WORDS.has(name)) return 'it is a reserved word'
  if (name === '__proto__' || name in Object.prototype) return 'every JavaScript object has a member of that name'
  if (LOOKED_FOR.has(name)) return 'JavaScript looks for a member of that name by itself, which would open a session'
  if (/^[$_]/.test(name)) return `names that start with '${name.slice(0, 1)}' are kept for members that are added later`
  if (taken(name)) return `request.dbSession has a member '${name}' already`
  return undefined
}
