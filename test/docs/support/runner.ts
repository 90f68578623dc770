// Runs blocks of the documentation one after another, and prints what each of them prints, how it ends, and what keeps it from ending.
import { setTimeout as sleep } from 'node:timers/promises'

/** A block to run. */
export interface Job {
  readonly name: string
  readonly file: string
  /** It is the default export of its file; other blocks run when they are imported. */
  readonly isFragment: boolean
  /** Where it runs. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

/** How long a block may take to let go of what it has opened. */
const patienceMs = Number(process.env['PATIENCE_MS'])
const jobs = JSON.parse(process.env['JOBS'] ?? '[]') as Job[]
let allEnded = true

for (const job of jobs) {
  const before = process.getActiveResourcesInfo()
  console.log(`${job.name} starts`)
  process.chdir(job.folder)
  Object.assign(process.env, job.env)
  console.log(await run(job).then(() => 'done', outcomeOf))
  const left = await openedSince(before)
  for (const resource of left) console.log(`${resource} is still open`)
  allEnded &&= left.length === 0
}
if (!allEnded) process.exit(1)

async function run({ file, isFragment }: Job): Promise<void> {
  const module = (await import(file)) as { default(): Promise<void> }
  if (isFragment) await module.default()
}

function outcomeOf(error: { readonly code?: string; readonly stack?: string }): string | undefined {
  return error.code ?? error.stack
}

/** What would keep a process of the block's own from ending, as connections and timers do; unless it goes away in time. */
async function openedSince(before: readonly string[]): Promise<string[]> {
  for (const until = Date.now() + patienceMs; ; ) {
    await sleep(5) // what has been asked for is opened a turn later
    const earlier = [...before]
    const opened = process.getActiveResourcesInfo().filter((resource) => {
      const index = earlier.indexOf(resource)
      if (index !== -1) earlier.splice(index, 1)
      return index === -1
    })
    if (opened.length === 0 || Date.now() >= until) return opened
  }
}
