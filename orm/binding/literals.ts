import type { LiteralPlatform } from './platform.ts'

/** What is bound in the place of a literal. */
export interface Parameter {
  readonly value: unknown
  /** Stands behind the placeholder: the type that the literal would have had; empty where it has none yet. */
  readonly cast: string
}

/** How one database is given what a literal would have said. */
export interface Literals {
  /** @param place - from 1 */
  placeholder(place: number): string
  /** The most parameters that a statement may have. */
  readonly most: number
  /** @returns undefined for what only its literal can say */
  parameter(value: unknown, platform: LiteralPlatform): Parameter | undefined
  /** Whether a piece of a statement may stand beside placeholders. */
  accepts(piece: string): boolean
}
