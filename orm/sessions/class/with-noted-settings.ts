import type { ForkOptions } from '@mikro-orm/core'
import { noteSettings, settingsOf } from '../../compiled/own-settings.ts'
import type { EntityManagerClass } from './entity-manager-class.ts'

/** Settings that MikroORM keeps in private fields, and that decide whether a read may go the short way. */
export function withNotedSettings(Base: EntityManagerClass): EntityManagerClass {
  return class extends Base {
    // oxlint-disable-next-line typescript/no-explicit-any -- a long generic signature in MikroORM
    override addFilter(options: any): void {
      super.addFilter(options)
      noteSettings(this.getContext(false), { filters: true })
    }

    override setFlushMode(flushMode?: Parameters<InstanceType<EntityManagerClass>['setFlushMode']>[0]): void {
      super.setFlushMode(flushMode)
      if (flushMode !== undefined || settingsOf(this.getContext(false)).flushMode !== undefined) noteSettings(this.getContext(false), { flushMode })
    }

    override fork(options?: ForkOptions): this {
      const from = settingsOf(options?.disableContextResolution === true ? this : this.getContext(false))
      const fork = super.fork(options)
      if (from.filters === true) noteSettings(fork, { filters: true })
      return fork
    }
  }
}
