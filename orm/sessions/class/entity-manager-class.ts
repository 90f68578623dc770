import type { EntityManager } from '@mikro-orm/core'
import type { Bindable } from '../binding.ts'

/** An EntityManager class of some driver, or one of ours over it. */
// oxlint-disable-next-line typescript/no-explicit-any -- a mixin's base class must take any arguments
export type EntityManagerClass = new (...args: any[]) => EntityManager & Bindable
