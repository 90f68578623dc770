// What the plugin checks its own options with; not public.
export { assertSameCopy } from './copies.ts'
export { assertKnownOptions, assertTimeout, isPlainObject } from './options-check.ts'
export { assertTransactionOptions, TRANSACTION_OPTIONS } from './transactions/options.ts'
export { assertRetry } from './transactions/retry-options.ts'
export { assertConsistency } from './routing/consistency.ts'
export { assertGuardOptions, GUARD_OPTIONS } from './guards/options.ts'
export { assertLeakOptions } from './sessions/leak-watch.ts'
export { assertContainerClass, isContainerMember } from './sessions/container-factory.ts'
