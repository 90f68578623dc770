import type { Lease } from './lease.ts'
import type { SessionState } from './state.ts'

/** A stream of rows that ends with the session: its connection would be held until somebody asks for the next row. */
export async function* leasedStream<T>(rows: AsyncIterableIterator<T>, state: SessionState): AsyncGenerator<T> {
  const lease: Lease = {
    async end() {
      await rows.return?.()
    },
  }
  state.leases.add(lease)
  try {
    for await (const row of rows) {
      state.assertOpen()
      yield row
    }
    state.assertOpen()
  } finally {
    state.leases.delete(lease)
  }
}
