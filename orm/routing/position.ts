import { formatLsn } from './lsn.ts'

/** A state of a database cluster: everything that was committed up to a place in its log. */
export interface Position {
  /** The cluster's system identifier: replicas have that of their primary. */
  readonly system: string
  /** Which history of it: each promotion of a replica begins a new one. */
  readonly timeline: number
  readonly lsn: bigint
}

/** The later of two positions of one cluster. A later history was not there before an earlier one had ended. */
export function later(a: Position, b: Position): Position {
  if (a.timeline !== b.timeline) return a.timeline > b.timeline ? a : b
  return a.lsn >= b.lsn ? a : b
}

export const formatPosition = ({ timeline, lsn }: Position): string => `${formatLsn(lsn)} on timeline ${timeline}`
