import { Bag } from '../bag.ts'
import { assertSameCopy } from '../copies.ts'
import type { EventOwner } from '../events/events.ts'
import { Owner } from '../events/owner.ts'
import { isHeard, publish } from '../events/publish.ts'
import { EngineNameInvalidError, InvalidOptionsError } from '../errors.ts'
import type { Guards } from '../guards/guards.ts'
import type { GuardOptions } from '../guards/options.ts'
import type { SqlAssistLogger } from '../logger.ts'
import { Horizon } from '../routing/horizon.ts'
import type { Horizons, HorizonWish } from '../routing/horizons.ts'
import type { ManagerSettings } from '../transactions/manager.ts'
import type { TwoPhase } from '../transactions/two-phase/two-phase.ts'
import { type ContainerHome, type ContainerSetup, SessionsContainer } from './container.ts'
import { LeakWatch, type LeakOptions } from './leak-watch.ts'
import type { SessionSources } from './source.ts'
import type { DbSessionsContainer } from './types.ts'

/** A container class as an option. */
// oxlint-disable-next-line typescript/no-explicit-any -- whatever engines the subclass was declared with
export type ContainerClass = new (setup: never) => DbSessionsContainer<any>

/** The options that decide what the containers of an application look like. */
export interface ContainerOptions extends LeakOptions, GuardOptions {
  /** Which engine `any` means: the first of these that is open, else the first. Default: `['reader', 'writer']`. */
  readonly anyPreferences?: readonly string[]
  /** A subclass of `DbSessionsContainer`, for members of your own. */
  readonly containerClass?: ContainerClass
}

/** What a container is made for. */
export interface ContainerWish {
  readonly owner: EventOwner
  readonly logger: SqlAssistLogger
  /** Called when the container has been closed. */
  readonly ended?: (() => void) | undefined
  /** What its transactions are like; without it the application begins and ends them. */
  readonly transaction?: ManagerSettings | undefined
  /** What its sessions are to see again, or already a horizon that it shares. */
  readonly horizon?: HorizonWish | Horizon | undefined
  /** What is to be guarded in it; without it what the options say. */
  readonly guards?: GuardOptions | undefined
}

/** Makes containers and knows which of them are alive. One for each registration of the plugin. */
export class ContainerFactory implements ContainerHome {
  readonly engines: SessionSources
  readonly anyPreferences: readonly string[]
  readonly twoPhase: TwoPhase | undefined
  readonly horizons: Horizons | undefined
  readonly #Container: typeof SessionsContainer
  readonly #leaks: LeakWatch
  readonly #guards: Guards
  readonly #guarding = new Map<SessionsContainer, () => void>()
  readonly #live = new Bag<SessionsContainer>()
  #waiting: (() => void)[] = []
  #checked = false

  constructor(engines: SessionSources, guards: Guards, options: ContainerOptions, twoPhase?: TwoPhase, horizons?: Horizons) {
    this.twoPhase = twoPhase
    this.horizons = horizons
    this.engines = engines
    this.#leaks = new LeakWatch(options, this.#live)
    this.#guards = guards
    this.anyPreferences = preferencesOf(options.anyPreferences, engines)
    this.#Container = withEngineProperties((options.containerClass ?? SessionsContainer) as typeof SessionsContainer, engines.names)
  }

  create({ owner, logger, ended, transaction, horizon: wish, guards }: ContainerWish): SessionsContainer {
    const since = performance.now()
    const horizon = wish instanceof Horizon ? wish : this.horizons?.create(wish)
    if (isHeard('sqlassist:container:open')) publish('sqlassist:container:open', { at: since, owner, requestId: owner.requestId })
    const container = new this.#Container({ home: this, owner, logger, transaction, horizon, guards, since, stack: this.#leaks.stack(), ended })
    this.#checkFields(container)
    const unguard = this.#guards.watch(owner, logger, guards)
    if (unguard !== undefined) this.#guarding.set(container, unguard)
    this.#live.add(container)
    this.#leaks.start()
    return container
  }

  /** @see ContainerHome */
  beside({ owner, logger, horizon, guards }: ContainerSetup): SessionsContainer {
    return this.create({ owner: new Owner(`${owner.label}, a hook of its transaction`, owner.info, owner.requestId, () => owner.origin), logger, horizon, guards })
  }

  /** @see ContainerHome */
  closed(container: SessionsContainer, { owner, since, ended }: ContainerSetup): void {
    this.#forget(container)
    if (this.#guarding.size > 0) {
      this.#guarding.get(container)?.()
      this.#guarding.delete(container)
    }
    ended?.()
    if (isHeard('sqlassist:container:close')) publish('sqlassist:container:close', { at: since, owner, requestId: owner.requestId, durationMs: performance.now() - since, status: container.status })
  }

  /** A field of a subclass would hide the engine of that name, and no field is there before the first instance. */
  #checkFields(container: SessionsContainer): void {
    if (this.#checked) return
    const hidden = this.engines.names.find((name) => Object.hasOwn(container, name))
    if (hidden !== undefined) throw new EngineNameInvalidError(`'${hidden}'`, `${container.constructor.name} has a field of that name`)
    this.#checked = true
  }

  /**
   * Waits until every container has been closed by its owner; those that have not in time are closed by us.
   *
   * @returns how many had to be closed
   */
  async drain(timeoutMs: number): Promise<number> {
    if (await this.#drained(timeoutMs)) return 0
    const late = [...this.#live]
    // Not awaited beyond the bound: a rollback waits for a statement that may run for hours.
    for (const container of late) void container.close({ aborted: true, stop: true })
    await this.#drained(Math.min(timeoutMs, FORCED_CLOSE_MS))
    for (const container of late) this.#live.delete(container) // whoever drains again need not wait for them again
    return late.length
  }

  /** Containers that are made from here on are not guarded any more. */
  dispose(): void {
    this.#guards.dispose()
  }

  async #drained(timeoutMs: number): Promise<boolean> {
    if (this.#live.size === 0) return true
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs, false)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  #forget(container: SessionsContainer): void {
    this.#live.delete(container)
    if (this.#live.size > 0) return
    if (this.#waiting.length === 0) return
    for (const resolve of this.#waiting) resolve()
    this.#waiting = []
  }
}

/** How long the rollbacks of containers that we close ourselves may take before their connections are destroyed, in ms. */
const FORCED_CLOSE_MS = 1000

function preferencesOf(given: readonly string[] | undefined, engines: SessionSources): readonly string[] {
  if (given === undefined) return ['reader', 'writer'].filter((name) => engines.has(name))
  assertAnyPreferences(given, engines.names)
  return [...given]
}

/** @throws InvalidOptionsError for anything but a list of engines */
export function assertAnyPreferences(given: unknown, engines: readonly string[]): void {
  if (given === undefined) return
  if (!Array.isArray(given)) throw new InvalidOptionsError('anyPreferences', 'must be an array of engine names')
  const unknown: unknown[] = given.filter((name) => !engines.includes(name as string))
  if (unknown.length > 0) throw new InvalidOptionsError('anyPreferences', `names '${String(unknown[0])}', which is not an engine; there are ${engines.join(', ')}`)
}

/** The container class of an application: a property for each engine, on the prototype, so that a request pays for none of them. */
function withEngineProperties(Base: typeof SessionsContainer, names: readonly string[]): typeof SessionsContainer {
  const Container = class extends Base {}
  Object.defineProperty(Container, 'name', { value: Base.name })
  for (const name of names) {
    Object.defineProperty(Container.prototype, name, {
      get(this: SessionsContainer) {
        return this.get(name)
      },
      enumerable: true,
    })
  }
  return Container
}

/** Whether `name` is a member of the container class, so that no engine may have it. */
export function isContainerMember(containerClass: ContainerClass, name: string): boolean {
  return name in (containerClass.prototype as object)
}

/** @throws InvalidOptionsError for anything but a subclass of the container */
export function assertContainerClass(containerClass: unknown): asserts containerClass is ContainerClass {
  if (containerClass === SessionsContainer) return
  if (typeof containerClass === 'function') assertSameCopy(`Option 'containerClass'`, containerClass.prototype)
  if (typeof containerClass !== 'function' || !(containerClass.prototype instanceof SessionsContainer)) {
    throw new InvalidOptionsError('containerClass', 'must be a subclass of DbSessionsContainer')
  }
}
