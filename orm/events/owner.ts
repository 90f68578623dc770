import type { RequestOrigin } from '../comments/origin.ts'
import type { SessionInfo } from '../sessions/info.ts'
import type { EventOwner } from './events.ts'

let owners = 0

/** Whoever has sessions and can be told apart by that. */
export class Owner implements EventOwner {
  readonly id: number = ++owners
  readonly label: string
  readonly requestId: string | undefined
  readonly info: SessionInfo
  readonly #originOf: ((info: SessionInfo) => RequestOrigin | undefined) | undefined

  /** @param originOf - asked only where somebody wants to know */
  constructor(label: string, info: SessionInfo, requestId?: string, originOf?: (info: SessionInfo) => RequestOrigin | undefined) {
    this.label = label
    this.info = info
    this.requestId = requestId
    this.#originOf = originOf
  }

  get origin(): RequestOrigin | undefined {
    return this.#originOf?.(this.info)
  }
}
