// A log sequence number (LSN) is a place in PostgreSQL's write-ahead log: '16/B374D848', two halves of 64 bits in hexadecimal. A larger one is later.

const LSN = /^([\da-f]{1,8})\/([\da-f]{1,8})$/i

/** @throws TypeError for what is none */
export function parseLsn(text: string): bigint {
  const halves = LSN.exec(text)
  if (halves === null) throw new TypeError('not a log sequence number')
  return (BigInt(`0x${halves[1]!}`) << 32n) | BigInt(`0x${halves[2]!}`)
}

export const formatLsn = (lsn: bigint): string => `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`

const PAGE = 8192n
const PAGE_HEADER = 24n
const SEGMENT = 16n * 1024n * 1024n
const SEGMENT_HEADER = 40n

/**
 * Where the last record ends, from the place where the next one will begin (`pg_current_wal_insert_lsn()`). The two differ by the header of a page where a
 * record fills its page: a replica that has replayed everything would seem to be behind until something else is written. With other sizes of pages or segments
 * nothing is wrong: no commit fits into so few bytes.
 */
export function endOfRecord(insert: bigint): bigint {
  if (insert % SEGMENT === SEGMENT_HEADER) return insert - SEGMENT_HEADER
  return insert % PAGE === PAGE_HEADER ? insert - PAGE_HEADER : insert
}
