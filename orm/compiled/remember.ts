import { wrap } from '@mikro-orm/core'

const NOTHING_ELSE = Object.freeze({ populate: [] })

/** Notes in an entity what it was asked for with, which its `toJSON()` goes by: here that is nothing. */
export function remember<T extends object>(entity: T): T {
  ;(wrap(entity, true) as unknown as { setSerializationContext(options: object): void }).setSerializationContext(NOTHING_ELSE)
  return entity
}
