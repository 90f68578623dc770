/** How a test runner is told what to do before or after each test. */
// oxlint-disable-next-line typescript/no-explicit-any -- each runner has its own context
export type TestHook = (hook: (...context: any[]) => Promise<void>) => unknown

/**
 * A test runner, as far as it must be known: `t` of tap, `t` of a test of `node:test`, or an object of the functions that `node:test` and vitest export.
 */
export interface TestHooks {
  /** Before each test. */
  beforeEach: TestHook
  /** After each test. */
  afterEach: TestHook
  /** When all tests are over, in node:test. */
  after?: LastHook
  /** The same in vitest. */
  afterAll?: LastHook
  /** The same in tap. */
  teardown?: LastHook
}

/** How a test runner is told what to do when all tests are over. */
export type LastHook = (hook: () => void) => unknown

/** Runs something when all tests are over, where the runner can be told. */
export function afterAll(hooks: TestHooks, last: () => void): void {
  if (hooks.teardown !== undefined) hooks.teardown(last)
  else if (hooks.after !== undefined) hooks.after(last)
  else hooks.afterAll?.(last)
}

/** What runners say of a test. tap: the test that it is part of; node:test: all names on the way to it. */
interface TestContext {
  readonly parent?: TestContext
  readonly fullName?: string
}

/** Whether a test is a part of another one, and not one that happens to run at the same time. */
export function isPartOf(context: unknown, whole: unknown): boolean {
  for (let part = context as TestContext | undefined; part !== undefined && part !== null; part = part.parent) if (part === whole) return true
  const [name, wholeName] = [context, whole].map((test) => (test as TestContext | undefined)?.fullName)
  return name !== undefined && wholeName !== undefined && name.startsWith(`${wholeName} > `)
}
