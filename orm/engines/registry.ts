import { EngineUnknownError } from '../errors.ts'
import type { Engine } from './engine.ts'
import type { EngineDefinition } from './definition.ts'

/** The engines of one application, by name. A Map, so that no name can be mistaken for a member of an object. */
export class EngineRegistry {
  readonly #engines: ReadonlyMap<string, Engine>
  readonly #default: string

  constructor(definitions: readonly EngineDefinition[], engines: readonly Engine[]) {
    this.#engines = new Map(engines.map((engine) => [engine.name, engine]))
    this.#default = (definitions.find((definition) => definition.default) ?? definitions[0])!.name
  }

  get names(): readonly string[] {
    return [...this.#engines.keys()]
  }

  has(name: string): boolean {
    return this.#engines.has(name)
  }

  /** @throws EngineUnknownError naming the known ones */
  get(name: string = this.#default): Engine {
    const engine = this.#engines.get(name)
    if (engine === undefined) throw new EngineUnknownError(name, this.names.join(', '))
    return engine
  }

  [Symbol.iterator](): IterableIterator<Engine> {
    return this.#engines.values()
  }
}
