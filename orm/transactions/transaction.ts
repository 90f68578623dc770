import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventOwner } from '../events/events.ts'
import { isHeard, publish } from '../events/publish.ts'
import { timed } from '../events/tell.ts'
import { DoomedTransactionError, SavepointInvalidError, TransactionEndingError } from '../errors.ts'
import { commitTogether } from './commit-order.ts'
import { type DataManager, inOrder, type TransactionInfo } from './data-manager.ts'
import { abortAll, finishAll } from './data-manager-ends.ts'
import { type Hook, type LateHookRun, runHook, runLateHooks } from './hooks.ts'
import type { Participant } from './participant.ts'
import type { TwoPhase } from './two-phase/two-phase.ts'
import { assertSound, assertUnspoilt, whoHasWritten } from './soundness.ts'
import { type Savepoint, type SavepointOwner, TransactionSavepoint } from './savepoint.ts'

/** What a transaction needs of what is around it. */
export interface TransactionSurroundings extends LateHookRun {
  /** The sessions of the transaction, as its hooks are given them. */
  readonly sessions: unknown
  /** Undefined where no engine is a `twoPhase` one. */
  readonly twoPhase: TwoPhase | undefined
  /** The option `twoPhase` of the transaction. */
  readonly wantsTwoPhase: boolean | undefined
  /** Writes what the sessions hold, whether they have joined or not. */
  flush(): Promise<void>
}

/** How far a transaction has come: as long as it is active, it can be joined; once it is deciding, nobody can stop it; a decision that has failed leaves it undecided, to be aborted. */
type Phase = 'active' | 'deciding' | 'undecided' | 'committed' | 'aborted'

/** Which transaction a hook or a data manager runs in the commit of: who waits there for the commit would wait for itself. */
const committing = new AsyncLocalStorage<Transaction>()

/** One transaction over several engines and data managers: begun by its first use, ended once. */
export class Transaction implements SavepointOwner, TransactionInfo {
  readonly attempt: number
  description = ''
  doomed = false
  readonly beforeCommit: Hook<unknown>[] = []
  readonly afterCommit: Hook<unknown>[] = []
  readonly afterAbort: ((sessions: unknown, reason: unknown) => unknown)[] = []
  readonly dataManagers: Set<DataManager> = new Set()
  /** Engines whose transaction, where nothing was written in it, outlives the decision. */
  readonly keptOpen: Set<string> = new Set()
  readonly #surroundings: TransactionSurroundings
  readonly #joining = new Map<object, Promise<Participant>>()
  /** The names of all that have ever joined, in that order. */
  readonly #engines = new Set<string>()
  readonly #savepoints: TransactionSavepoint[] = []
  #savepointCount = 0
  #begun = false
  #phase: Phase = 'active'
  #interruption: { readonly reason: unknown } | undefined
  #ending: Promise<void> | undefined
  /** A commit is on its way; from its data managers on, no other can join and no hook would run any more. */
  #committing: 'no' | 'hooks' | 'managers' = 'no'
  /** Going back to a savepoint has failed half way: nothing of the transaction can be trusted. */
  #broken: { readonly reason: unknown } | undefined

  constructor(surroundings: TransactionSurroundings, attempt: number) {
    this.#surroundings = surroundings
    this.attempt = attempt
  }

  /** Whether it can still be joined, and ended. */
  get active(): boolean {
    return this.#phase === 'active'
  }

  /** Settles when a commit or an abort that is on its way is done; undefined where none is. */
  get ending(): Promise<void> | undefined {
    return this.#ending
  }

  /** Tells that it has begun, once: one that nobody uses is made only to be looked at. */
  begun(): void {
    if (this.#begun) return
    this.#begun = true
    const { owner } = this.#surroundings
    if (isHeard('sqlassist:transaction:begin')) publish('sqlassist:transaction:begin', { at: performance.now(), owner, requestId: owner.requestId, attempt: this.attempt })
  }

  // ---- joining ----

  /**
   * Takes an engine in, once: whoever comes at the same time waits for the same BEGIN.
   *
   * @param key - what stands for the engine's session
   */
  async enlist(key: object, begin: () => Promise<Participant>): Promise<Participant> {
    if (!this.active) throw new TransactionEndingError(this.#surroundings.owner.label) // also who has joined: its connection may be gone, and it would work outside
    const known = this.#joining.get(key)
    if (known !== undefined) return await known
    this.begun()
    const joining = begin()
    this.#joining.set(key, joining)
    joining.catch(() => this.#joining.delete(key)) // a BEGIN that failed may be tried again
    const participant = await joining
    this.#engines.add(participant.name)
    return participant
  }

  async participants(): Promise<Participant[]> {
    const begun = await Promise.allSettled(this.#joining.values())
    return begun.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  }

  /** Whether there is anything to keep, or anybody who waits for the end. */
  async hasWork(): Promise<boolean> {
    if (this.dataManagers.size + this.beforeCommit.length + this.afterCommit.length + this.afterAbort.length > 0) return true
    await this.#surroundings.flush()
    const wrote = await Promise.all((await this.participants()).map(async (participant) => await participant.hasWritten()))
    return wrote.includes(true)
  }

  // ---- savepoints ----

  async savepoint(): Promise<Savepoint> {
    if (!this.active) throw new TransactionEndingError(this.#surroundings.owner.label)
    const name = `sqlassist_${++this.#savepointCount}`
    return await timed('sqlassist:transaction:savepoint', this.#surroundings.owner, async () => await this.#savepoint(name), () => ({ name, rolledBack: false }))
  }

  async #savepoint(name: string): Promise<Savepoint> {
    await this.#surroundings.flush()
    const participants = new Map<Participant, Awaited<ReturnType<Participant['savepoint']>>>()
    for (const participant of await this.participants()) participants.set(participant, await participant.savepoint(name))
    const managers = new Map<DataManager, Awaited<ReturnType<NonNullable<DataManager['savepoint']>>> | undefined>()
    for (const manager of this.dataManagers) managers.set(manager, await manager.savepoint?.())
    const savepoint = new TransactionSavepoint(this, name, participants, managers)
    this.#savepoints.push(savepoint)
    return savepoint
  }

  get owner(): EventOwner {
    return this.#surroundings.owner
  }

  /** What events say of it. */
  get #toTell(): { attempt: number; engines: readonly string[] } | undefined {
    return this.#begun ? { attempt: this.attempt, engines: [...this.#engines] } : undefined
  }

  assertActive(): void {
    if (!this.active) throw new SavepointInvalidError('its transaction is over')
  }

  forgetAfter(savepoint: TransactionSavepoint): void {
    for (const later of this.#savepoints.splice(this.#savepoints.indexOf(savepoint) + 1)) later.valid = false
  }

  async expel(participants: readonly Participant[], dataManagers: readonly DataManager[]): Promise<void> {
    for (const [key, joining] of this.#joining) {
      const joined = await joining.catch(() => undefined)
      if (joined !== undefined && participants.includes(joined)) this.#joining.delete(key)
    }
    await Promise.all(participants.map(async (participant) => await participant.rollback()))
    for (const manager of dataManagers) this.dataManagers.delete(manager)
    await abortAll(dataManagers, this, this.#surroundings)
  }

  broken(reason: unknown): void {
    this.#broken ??= { reason }
  }

  // ---- ending ----

  /** @throws TransactionEndingError where the time for data managers and for hooks before the commit is over */
  assertJoinable(): void {
    if (!this.active || this.#committing === 'managers') throw new TransactionEndingError(this.#surroundings.owner.label)
  }

  /** @throws TransactionEndingError where a commit or an abort is on its way already */
  assertEndable(): void {
    if (!this.active || this.#committing !== 'no') throw new TransactionEndingError(this.#surroundings.owner.label)
  }

  /**
   * Decides for all or for none.
   *
   * @throws the first thing that was wrong; everything is undone then, unless the error says otherwise
   */
  async commit(): Promise<void> {
    this.assertEndable()
    this.#committing = 'hooks'
    const told = async (): Promise<void> => await timed('sqlassist:transaction:commit', this.#surroundings.owner, async () => await this.#commit(), () => this.#toTell)
    const commit = committing.run(this, told)
    this.#ending = commit.catch(() => {})
    await commit
  }

  async #commit(): Promise<void> {
    this.#assertCommittable()
    const { sessions } = this.#surroundings
    for (const hook of this.beforeCommit) {
      await runHook('beforeCommit', hook, sessions, this.#surroundings) // one may add another
      this.#assertCommittable()
    }
    await this.#surroundings.flush()
    this.#committing = 'managers'
    const managers = inOrder(this.dataManagers)
    await this.#ask(managers, async (manager) => await manager.begin?.(this))
    await this.#ask(managers, async (manager) => await manager.commit(this))
    await this.#surroundings.flush() // a data manager may have used the sessions
    await this.#assertAllSound()
    await this.#ask(managers, async (manager) => await manager.vote?.(this))
    const participants = await this.#assertAllSound()
    const wrote = await whoHasWritten(participants)
    for (const participant of participants) assertUnspoilt(participant) // by a statement that nobody had waited for
    this.#assertCommittable()
    this.#phase = 'deciding'
    try {
      await commitTogether(participants.filter((_, index) => wrote[index]), this.#surroundings.twoPhase, this.#surroundings.wantsTwoPhase)
    } catch (error) {
      this.#phase = 'undecided'
      throw error
    }
    const read = participants.filter((participant, index) => !wrote[index] && !this.keptOpen.has(participant.name))
    await Promise.all(read.map(async (participant) => await participant.release()))
    this.#phase = 'committed'
    await finishAll(managers, this, this.#surroundings)
    await runLateHooks('afterCommit', this.afterCommit, this.#surroundings)
  }

  /**
   * Has a commit that has not decided yet fail.
   *
   * @returns whether it is too late for that
   */
  interrupt(reason: unknown): boolean {
    if (this.#phase !== 'active') return true
    this.#interruption ??= { reason }
    return false
  }

  #assertCommittable(): void {
    if (this.#interruption !== undefined) throw this.#interruption.reason
    if (this.#broken !== undefined) throw this.#broken.reason
    if (this.doomed) throw new DoomedTransactionError()
  }

  async #ask(managers: readonly DataManager[], phase: (manager: DataManager) => Promise<void>): Promise<void> {
    for (const manager of managers) {
      await phase(manager)
      this.#assertCommittable()
    }
  }

  async #assertAllSound(): Promise<Participant[]> {
    const participants = await this.participants()
    for (const participant of participants) await assertSound(participant, this.keptOpen)
    return participants
  }

  /**
   * Has a commit that is on its way fail, where it can still do so, and waits for what becomes of it. From within that commit, nothing is waited for.
   *
   * @returns whether there is one
   */
  async abortCommit(reason: unknown): Promise<boolean> {
    if (this.#committing === 'no') return false
    this.interrupt(reason ?? new DoomedTransactionError())
    await this.#waitForEnding()
    return true
  }

  async #waitForEnding(): Promise<void> {
    if (committing.getStore() !== this) await this.#ending
  }

  /**
   * Undoes everything. Never rejects.
   *
   * @param quiet - the work is going to be done again: the hooks of this attempt do not run
   */
  async abort(reason: unknown, quiet = false): Promise<void> {
    if (this.#phase === 'committed') return
    if (this.#phase === 'aborted') return await this.#waitForEnding()
    this.#phase = 'aborted'
    const { owner } = this.#surroundings
    const aborting = timed('sqlassist:transaction:abort', owner, async () => await this.#abort(reason, quiet), () => this.#toTell && { ...this.#toTell, reason })
    this.#ending = aborting
    await aborting
  }

  async #abort(reason: unknown, quiet: boolean): Promise<void> {
    await Promise.all((await this.participants()).map(async (participant) => await participant.rollback()))
    await abortAll(this.dataManagers, this, this.#surroundings)
    const hooks = this.afterAbort.map((hook) => named(hook, (sessions: unknown) => hook(sessions, reason)))
    if (!quiet) await committing.run(this, async () => await runLateHooks('afterAbort', hooks, this.#surroundings))
  }
}

const named = <T extends (...args: never[]) => unknown>(like: { readonly name: string }, fn: T): T => Object.defineProperty(fn, 'name', { value: like.name })
