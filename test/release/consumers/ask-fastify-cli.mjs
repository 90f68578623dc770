// Starts it as fastify-cli does, asks it, and ends it as a container runtime would.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
server.close()
const child = spawn(process.execPath, ['node_modules/fastify-cli/cli.js', 'start', '--port', String(port), '--address', '127.0.0.1', 'fastify-cli.mjs'], { stdio: 'inherit' })
const ended = once(child, 'exit')
let answer
for (let tries = 0; answer === undefined && child.exitCode === null && tries < 200; tries++) {
  answer = await fetch(`http://127.0.0.1:${port}/`).then((reply) => reply.text(), () => undefined)
  if (answer === undefined) await sleep(100)
}
child.kill('SIGTERM')
const [code] = await ended
console.log(`ended with ${code}; ${answer}`)
process.exit(code === 0 ? 0 : 1)
