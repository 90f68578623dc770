import type { CompleteCommentOptions } from '../comments/options.ts'
import type { CompletePipelineOptions } from '../postgres/pipeline/options.ts'
import type { CompleteBatchOptions } from './batch-options.ts'
import type { EngineOptions } from './options.ts'

/** One engine as it was asked for: checked, complete, and a copy. */
export interface EngineDefinition extends Omit<EngineOptions, 'batch'> {
  readonly name: string
  readonly default: boolean
  readonly readonly: boolean
  readonly autocommit: boolean
  readonly twoPhase: boolean
  readonly dispose: boolean
  readonly joinTransaction: boolean
  readonly fastPath: boolean
  readonly batch?: CompleteBatchOptions
  readonly comments: CompleteCommentOptions | undefined
  readonly pipelining: CompletePipelineOptions | undefined
}
