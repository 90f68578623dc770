import type { MikroORM } from '@mikro-orm/core'
import type { RequestRecord } from '../recording/request-record.ts'
import type { Statement } from '../recording/statements.ts'
import { fingerprintOf } from '../../../orm/sql/fingerprint.ts'
import { type NPlusOneSuspicion, suspicionsOf } from '../../../orm/n-plus-one/suspicions.ts'
import type { StatementGroup } from '../types.ts'
import { groupsOf } from './groups.ts'

/** What the statements of a request say together. */
export interface Analysis {
  readonly distinct: number
  readonly groups: readonly StatementGroup[]
  readonly suspicions: readonly NPlusOneSuspicion[]
}

interface Remembered {
  readonly version: number
  readonly analysis: Analysis
}

const fingerprints = new WeakMap<Statement, string>()

/** The fingerprint of a recorded statement. */
export function fingerprintOfStatement(statement: Statement): string {
  const known = fingerprints.get(statement)
  if (known !== undefined) return known
  const made = fingerprintOf(statement.sql)
  fingerprints.set(statement, made)
  return made
}

/** Analyses requests, each once for as long as nothing is added to it. */
export class Analyst {
  readonly #remembered = new WeakMap<RequestRecord, Remembered>()
  readonly #ormOf: (engine: string) => MikroORM

  constructor(ormOf: (engine: string) => MikroORM) {
    this.#ormOf = ormOf
  }

  of(record: RequestRecord): Analysis {
    const remembered = this.#remembered.get(record)
    if (remembered?.version === record.version) return remembered.analysis
    const { list } = record.statements
    const similar = Map.groupBy(list, (statement) => `${statement.engine}\n${fingerprintOfStatement(statement)}`)
    const repeated = [...similar.values()].filter(isRepeated)
    const analysis = { distinct: similar.size, groups: repeated.flatMap(groupsOf), suspicions: suspicionsOf(repeated, list, this.#ormOf) }
    this.#remembered.set(record, { version: record.version, analysis })
    return analysis
  }
}

/** What begins and ends transactions is always the same, and what is cut may be. */
const isRepeated = (statements: readonly Statement[]): boolean => statements.length > 1 && statements.every(({ kind, internal, cut }) => kind === 'other' && !internal && !cut)
