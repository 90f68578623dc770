import { lifecycle } from './lifecycle.ts'
import { reading } from './reading.ts'
import { relations } from './relations.ts'
import type { Scenarios } from './scenario.ts'
import { writing } from './writing.ts'

export type { Model, Scenario } from './scenario.ts'

export const scenarios: Scenarios = { ...reading, ...writing, ...relations, ...lifecycle }
