/**
 * Waits for a promise, but not for ever.
 *
 * @param timeoutMs - how long, in ms
 * @returns whether it was fulfilled in time
 * @throws what the promise rejects with, if it does so in time
 */
export async function settlesWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, false)
  })
  try {
    return await Promise.race([promise.then(() => true as const), late])
  } finally {
    clearTimeout(timer)
  }
}
