import { SessionsContainer } from './container.ts'
import type { DbSessionsContainer as Container, DbSessionsContainerClass } from './types.ts'

/** The sessions of one request or job, by engine name; see its members. `E` is the application's `SqlAssistEngines`. */
// oxlint-disable-next-line typescript/no-empty-object-type -- no engines declared
export type DbSessionsContainer<E extends object = {}> = Container<E>

/** The class of containers, to be subclassed for `containerClass`. The plugin and `sqlassist.session()` make the instances. */
export const DbSessionsContainer: DbSessionsContainerClass = SessionsContainer as unknown as DbSessionsContainerClass
