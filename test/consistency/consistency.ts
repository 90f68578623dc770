// npm run consistency: what the issue of replicas must show, on a real primary with two real replicas.
import { runProgram } from './program.ts'

await runProgram({ pairs: 5000, paused: 10_000, killed: 10, promoted: 2, soak: 180, cost: 3000 })
