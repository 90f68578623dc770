// The arrows of the house: plugin/debug, plugin/testing -> plugin -> orm -> @mikro-orm/*. Run by `npm run imports`.
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'orm-knows-no-fastify', severity: 'error', from: { path: '^orm/' }, to: { path: '(^|/)node_modules/(fastify|fastify-plugin)/|^plugin/' } },
    { name: 'plugin-knows-no-panel', severity: 'error', from: { path: '^plugin/(?!debug/|testing/)' }, to: { path: '^plugin/(debug|testing)/' } },
    { name: 'no-drivers', comment: 'drivers are the choice of the user', severity: 'error', from: { path: '^(orm|plugin)/' }, to: { path: 'node_modules/(@mikro-orm/(?!core/|sql/|migrations/)|pg/|kysely/|better-sqlite3/)' } },
    { name: 'optional-peers-on-demand', comment: 'loaded when they are needed', severity: 'error', from: { path: '^(orm|plugin)/' }, to: { path: 'node_modules/@mikro-orm/(sql|migrations)/', dynamic: false, dependencyTypesNot: ['type-only'] } },
    { name: 'only-declared', severity: 'error', from: { path: '^(orm|plugin)/' }, to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'undetermined', 'npm-dev'] , pathNot: 'node_modules/(fastify|@mikro-orm/(core|sql|migrations))/' } },
    { name: 'no-orphans', comment: 'a file that nobody needs', severity: 'error', from: { orphan: true, path: '^(orm|plugin)/', pathNot: '^(orm|plugin)/index\\.ts$' }, to: {} },
    { name: 'house-knows-no-tests', severity: 'error', from: { path: '^(orm|plugin)/' }, to: { path: '^(test|docs|benchmarks)/' } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['fastify-sqlassist-source', 'import', 'node', 'default', 'types'] },
  },
}
