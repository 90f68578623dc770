import type { EntityManager } from '@mikro-orm/core'

/** What MikroORM keeps to itself of an EntityManager's settings: noted when they are made, because nobody can ask for them. */
export interface OwnSettings {
  /** Filters of its own, which its queries must be asked for. */
  filters?: boolean
  /** Its flush mode, where it is not that of the configuration. */
  flushMode?: string | undefined
}

const kSettings: unique symbol = Symbol('fastify-sqlassist.settings')
const NONE: OwnSettings = Object.freeze({})

interface Noted {
  [kSettings]?: OwnSettings
}

export const settingsOf = (em: EntityManager): OwnSettings => (em as EntityManager & Noted)[kSettings] ?? NONE

export function noteSettings(em: EntityManager, settings: OwnSettings): void {
  ;(em as EntityManager & Noted)[kSettings] = { ...settingsOf(em), ...settings }
}
