// Whether statements are stopped is a matter of the plugin, and of the route.
import t from 'tap'
import { until } from '../endings/ending.ts'
import { http1 } from './clients.ts'
import { Book } from './model.ts'
import { leaveWhile, scene, type SceneOptions } from './scene.ts'
import { allBack, library, service } from './service.ts'
import { statements } from './statements.ts'

const find = statements['find']!
const inConfig = (cancelOnDisconnect: unknown): object => ({ config: { sqlassist: { cancelOnDisconnect } } })

const stopping: Readonly<Record<string, SceneOptions>> = {
  'by default': {},
  'said of the plugin': { cancelOnDisconnect: true },
  'said of the route, and the plugin says otherwise': { cancelOnDisconnect: false, route: inConfig(true) },
  'said of the plugin, and nothing in the options of the route': { cancelOnDisconnect: true, route: { config: { sqlassist: {} } } },
  'said of the plugin, and the route says undefined': { cancelOnDisconnect: true, route: inConfig(undefined) },
}

for (const [name, options] of Object.entries(stopping)) {
  t.test(`statements are stopped: ${name}`, async (t) => await leaveWhile(t, await scene(t, options), http1(), find))
}

const lasting: Readonly<Record<string, SceneOptions>> = {
  'said of the plugin': { cancelOnDisconnect: false },
  'said of the route': { route: inConfig(false) },
  'said of the route, and the plugin says otherwise': { cancelOnDisconnect: true, route: inConfig(false) },
}

for (const [name, options] of Object.entries(lasting)) {
  t.test(`statements run to their end: ${name}`, async (t) => {
    const stage = await scene(t, options)
    const other = await scene(t, { url: stage.url })
    const { admin, app } = stage
    const run = stage.next(async (writer) => await writer.insert(Book, { title: 'Finnegans Wake', author: 1 }))
    await admin.putGateIntoBooks()
    await admin.shutGate()
    const leave = await http1()(stage)
    await run.ready.promise
    run.go.resolve()
    t.ok(await until(async () => (await admin.waiting()).length === 1), 'the statement runs')
    leave()
    await run.ended.promise
    // Somebody else's statement is stopped from beginning to end meanwhile, so this one would have been as well.
    await leaveWhile(t, other, http1(), async (writer) => await writer.execute('select * from tag'), { tables: 'tag' })
    t.equal((await admin.waiting()).length, 1, 'it still runs')
    await admin.openGate()
    t.equal(await run.outcome.promise, 'done', 'the handler has its result')
    t.ok(await until(() => allBack(app.sqlassist)), 'the connection is back')
    t.equal((await admin.query(`select 1 from book where title = 'Finnegans Wake'`)).length, 1, 'and what it has saved is saved')
  })
}

t.test('a transaction that runs to its end without a COMMIT is rolled back all the same', async (t) => {
  const { admin, app, ...stage } = await scene(t, { cancelOnDisconnect: false })
  const run = stage.next(async (writer) => {
    await writer.begin()
    await writer.insert(Book, { title: 'unwanted', author: 1 })
    await writer.commit()
  })
  const leave = await http1()({ app, port: stage.port })
  await run.ready.promise
  await admin.holdTables()
  run.go.resolve()
  t.ok(await until(async () => (await admin.waiting()).length === 1))
  leave()
  await run.ended.promise
  await admin.letGo()
  t.equal(await run.outcome.promise, 'SQLASSIST_SESSION_CLOSED')
  t.ok(await until(() => allBack(app.sqlassist)))
  t.equal(await admin.unwanted(), 0)
})

t.test('wrong options are refused at registration', async (t) => {
  const url = await library(t)
  await t.rejects(service(t, url, { cancelOnDisconnect: 'no' as never }), { code: 'SQLASSIST_INVALID_OPTIONS', message: /cancelOnDisconnect/ })
  const wrong: Readonly<Record<string, [options: unknown, problem: RegExp]>> = {
    'a number': [{ cancelOnDisconnect: 1 }, /cancelOnDisconnect' must be true or false/],
    'a string': [{ cancelOnDisconnect: 'false' }, /cancelOnDisconnect' must be true or false/],
    'null': [{ cancelOnDisconnect: null }, /cancelOnDisconnect' must be true or false/],
    'an unknown name': [{ cancelOnDisconect: false }, /cancelOnDisconect/],
    'no object': [false, /must be an object/],
    'an array': [[], /must be an object/],
  }
  for (const [name, [options, problem]] of Object.entries(wrong)) {
    const app = await service(t, url)
    const register = (): unknown => app.get('/books/:id', { config: { sqlassist: options as never } }, async () => 'not reached')
    t.throws(register, { code: 'SQLASSIST_INVALID_OPTIONS', message: /config\.sqlassist of GET \/books\/:id/ }, name)
    t.throws(register, { message: problem }, name)
  }
})
