let engines = 0

/**
 * A `contextName` that no other engine of this process has. MikroORM finds the EntityManager of a transaction by this name alone: with
 * the same name twice, one application's global EntityManager would join the other's transaction.
 */
export function uniqueContextName(engine: string): string {
  return `${engine}@sqlassist:${++engines}`
}
