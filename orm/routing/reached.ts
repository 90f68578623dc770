import type { Position } from './position.ts'
import type { Sample } from './sample.ts'

/**
 * Whether a server has everything of a position. Of another timeline nobody can tell: an old primary that was cut off has written on, and has a high position of a
 * history that is over.
 */
export function hasReached(sample: Sample | undefined, { system, timeline, lsn }: Position): boolean {
  return sample !== undefined && sample.system === system && sample.timeline === timeline && sample.lsn >= lsn
}
