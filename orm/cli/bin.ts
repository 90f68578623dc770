#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`fastify-sqlassist needs Node.js 22.18 or later; this is ${process.versions.node}.\n`)
  process.exitCode = 2
} else {
  process.stdout.on('error', () => process.exit()) // nobody reads on, as with `| head`
  const { main } = await import('./main.ts') // which older versions cannot load
  process.exitCode = await main(process.argv.slice(2), {
    out: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
  })
}
