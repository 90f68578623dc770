/** kysely asks for nothing else of a statement that was compiled by somebody else. */
const RAW = Object.freeze({ kind: 'RawNode' })

/** A statement as kysely's executors take it. */
export const rawQuery = (sql: string, parameters: readonly unknown[]): object => ({ sql, parameters, query: RAW, queryId: RAW })
