import { DuplicatePackageError } from './errors.ts'

/** Other copies of this package know it too: npm may install several, and what one of them has made is nothing that another one knows. */
const kCopy: unique symbol = Symbol.for('fastify-sqlassist.copy') as never

const here = import.meta.dirname

/** Marks what goes from hand to hand in an application as made by this copy of the package. */
export function markCopy<T extends object>(target: T): T {
  return Object.defineProperty(target, kCopy, { value: here })
}

/**
 * Looks whether another copy of the package has made a value, before it is called something else that it is not.
 *
 * @param what - how the message names the value
 * @throws DuplicatePackageError
 */
export function assertSameCopy(what: string, value: unknown): void {
  const copy = (value as { [kCopy]?: string } | null | undefined)?.[kCopy]
  if (copy !== undefined && copy !== here) throw new DuplicatePackageError(what, here, copy)
}
