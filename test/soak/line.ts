// The one entity of all parts.
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/es'

@Entity()
export class Line {
  @PrimaryKey({ type: 'integer' }) id!: number
  @Property({ type: 'string' }) text!: string
}

/** How many lines there are before the first request. */
export const FIRST_LINES = 30

export const firstLines = (): { text: string }[] => Array.from({ length: FIRST_LINES }, (_, n) => ({ text: `line ${n}` }))
