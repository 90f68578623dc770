// npm run soak: some minutes of all kinds of trouble.
import { runProgram } from './program.ts'

await runProgram('soak', { requests: 100_000, kills: 1000, outages: 5, crowd: 10_000, shutdowns: 5, commits: 100, 'two-phase': 2, bank: 1 })
