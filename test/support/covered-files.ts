// What the tests must cover: every line of the package's source, and nothing else (not examples, fixtures or generated files).
import { globSync } from 'node:fs'
import { resolve } from 'node:path'

const files = globSync(['orm/**/*.ts', 'plugin/**/*.ts']).map((file) => resolve(file))

export default (): string[] => files
