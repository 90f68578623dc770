import type { SqlEntityManager } from '@mikro-orm/sql'
import type * as model from '../model.ts'

/** The classes of the model. Each combination loads them afresh, so a scenario uses those that it is given. */
export type Model = typeof model

/** What an application does in one session. What it returns and the statements it sends are compared. */
export type Scenario = (em: SqlEntityManager, model: Model) => Promise<unknown>

/** Scenarios by name: the rows of the table in docs/shared-entities.md. */
export type Scenarios = Readonly<Record<string, Scenario>>
