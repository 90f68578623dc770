import type { FastifyInstance } from 'fastify'
import type { SqlAssist } from '../../orm/index.ts'
import type { Analyst } from './analysis/analysed.ts'
import type { DebugSettings } from './options.ts'
import type { Recorder } from './recording/recorder.ts'

/** What the parts of the panel share. */
export interface Panel {
  readonly app: FastifyInstance
  readonly sqlassist: SqlAssist
  readonly settings: DebugSettings
  readonly recorder: Recorder
  readonly analyst: Analyst
  /** The property of the request that the sessions are at. */
  readonly attribute: string
  /** Requests to the panel that were refused: how many, and why the last one. */
  readonly refused: { count: number; last: string | undefined }
}
