// What the plugin checks its own options with; not public.
export { assertKnownOptions, assertTimeout, isPlainObject } from './options-check.ts'
export { assertLeakOptions } from './sessions/leak-watch.ts'
export { assertContainerClass, isContainerMember } from './sessions/container-factory.ts'
