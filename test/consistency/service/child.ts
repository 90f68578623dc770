// The service as a process of its own: nothing is shared with its sibling but the databases.
import type { AddressInfo } from 'node:net'
import { startService } from './start.ts'
import type { ServiceSettings } from './settings.ts'

const app = await startService(JSON.parse(process.argv[2]!) as ServiceSettings)
process.once('disconnect', () => process.exit()) // whoever has started it is gone
process.once('SIGTERM', () => void app.close().finally(() => process.exit()))
await app.listen({ port: 0, host: '127.0.0.1' })
process.send!({ port: (app.server.address() as AddressInfo).port })
