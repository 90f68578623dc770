// A container class that counts.
import { DbSessionsContainer } from 'fastify-sqlassist'
import type { ContainerClass } from 'fastify-sqlassist/orm'

export interface Lives {
  created: number
  closed: number
}

export function countedContainer(lives: Lives): ContainerClass {
  return class CountedContainer extends DbSessionsContainer {
    #counted = false

    constructor(setup: never) {
      super(setup)
      lives.created++
    }

    override async close(options?: { readonly aborted?: boolean; readonly stop?: boolean }): Promise<void> {
      await super.close(options)
      if (!this.#counted) lives.closed++
      this.#counted = true
    }
  }
}
