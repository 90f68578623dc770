import type { Lease } from './lease.ts'
import { startInSession } from './running.ts'
import type { SessionState } from './state.ts'

/**
 * A stream of rows that ends with the session: its connection would be held until somebody asks for the next row.
 *
 * @param before - awaited before the first row is asked for
 */
export async function* leasedStream<T>(rows: AsyncIterableIterator<T>, state: SessionState, before?: () => Promise<void> | undefined): AsyncGenerator<T> {
  const lease: Lease = {
    isStream: true,
    async end() {
      await rows.return?.()
    },
  }
  try {
    state.assertOpen()
    if (before !== undefined) await startInSession(state, async () => await before())
    state.leases.add(lease)
    for (;;) {
      state.assertOpen()
      // A generator runs in the context of whoever asks for the next row.
      const { done, value } = await startInSession(state, async () => await rows.next())
      state.assertOpen()
      if (done === true) return
      yield value
    }
  } catch (error) {
    throw state.explain(error)
  } finally {
    await rows.return?.()
    state.leases.delete(lease)
  }
}
