import type { ConstraintKind } from './convention.ts'

/** One constraint or index that a model asks for. */
export interface Constraint {
  readonly kind: ConstraintKind
  readonly schema: string
  readonly table: string
  readonly columns: readonly string[]
  /** Of a foreign key. */
  readonly referredTable?: string
  /** What the model calls a check. */
  readonly label?: string
  /** Tells apart two that have the same columns. */
  readonly definition: string
  /** The name, where the model has decided it. */
  readonly given: string | undefined
  /** Writes the name into the metadata; missing where MikroORM asks the naming strategy and nobody else. */
  readonly assign?: (name: string) => void
}
