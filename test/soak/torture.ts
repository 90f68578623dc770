// npm run torture: the same before a release, until it hurts.
import { runProgram } from './program.ts'

await runProgram('torture', { requests: 500_000, kills: 10_000, outages: 200, crowd: 10_000, shutdowns: 200, commits: 1000, 'two-phase': 50, bank: 5 })
