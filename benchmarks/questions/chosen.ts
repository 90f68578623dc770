import type { Stage } from '../harness/stage.ts'
import type { Variant } from '../harness/variant.ts'

/** The variants that were asked for, and those that all others are compared with. */
export const chosen = (stage: Stage, variants: readonly Variant[]): Variant[] =>
  variants.filter(({ name, reference }) => reference === true || (stage.variants?.has(name) ?? true))
