/** Tells a method that a particular caller has called it, where it must not show in its parameters. */
export class CallMark {
  #set = false

  /** Whether the call comes from there. */
  get isSet(): boolean {
    return this.#set
  }

  /** Synchronous on purpose: nothing else can run in between, and what the call goes on to do later is no longer that caller's. */
  around<T>(call: () => T): T {
    const before = this.#set
    this.#set = true
    try {
      return call()
    } finally {
      this.#set = before
    }
  }
}
