import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for a condition, and no longer than any slow machine needs. */
export async function eventually(condition: () => boolean | Promise<boolean>, what = String(condition)): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 3000) throw new Error(`never came true: ${what}`)
    await sleep(10)
  }
}
