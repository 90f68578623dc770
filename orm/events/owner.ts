import type { SessionInfo } from '../sessions/info.ts'
import type { EventOwner } from './events.ts'

let owners = 0

/** Whoever has sessions and can be told apart by that. */
export class Owner implements EventOwner {
  readonly id: number = ++owners
  readonly label: string
  readonly requestId: string | undefined
  readonly info: SessionInfo

  constructor(label: string, info: SessionInfo, requestId?: string) {
    this.label = label
    this.info = info
    this.requestId = requestId
  }
}
