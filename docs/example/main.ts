// npm start: the example service on http://127.0.0.1:3000, with its data in .data/example/ (PORT and EXAMPLE_DATA change that).
import { buildApp, defaultFolder } from './app.ts'
import { takeTour } from './tour.ts'

const print = (line: string): void => console.log(line)

const app = await buildApp()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    print(`\n${signal}: closing`)
    void app.close().then(() => print('Closed: all sessions ended, all databases closed.'))
  })
}
const address = await listen(Number(process.env.PORT ?? 3000))
print(`The groups service listens on ${address}; its SQLite files are in ${defaultFolder()}`)
await takeTour(address, print)
print(`\nNow it is your turn: curl ${address}/groups\nCtrl-C ends it.`)

/** Listens on the port, or on the next one that is free. */
async function listen(port: number): Promise<string> {
  for (let candidate = port; ; candidate++) {
    try {
      return await app.listen({ host: '127.0.0.1', port: candidate })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || candidate === port + 100) throw error
      print(`Port ${candidate} is taken: trying the next one`)
    }
  }
}
