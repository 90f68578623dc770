/** What fits into the parameters of one statement: their number is sent in 16 bits. */
const MOST_PARAMETERS = 65_535

/**
 * How many of the rows that wait go into the next statement. Each number is another text, which is prepared on each connection, so only some are used: all up to 8,
 * from there on multiples of 8, from 64 on multiples of 64. What is left goes right behind.
 */
export function rowsToSend(waiting: number, columns: number, maxRows: number): number {
  const most = Math.min(waiting, maxRows, Math.floor(MOST_PARAMETERS / columns))
  if (most === maxRows || most <= 8) return most
  const step = most < 64 ? 8 : 64
  return most - (most % step)
}
