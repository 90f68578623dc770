// A package that is only needed for some of what we do may be missing.
import { createRequire } from 'node:module'
import t from 'tap'
import { optionalPeer } from '../../orm/optional-peer.ts'

// Not import(): the loader that the tests run under answers from another thread, and its errors come without their code.
const require = createRequire(import.meta.url)
const absent = '@mikro-orm/of-another-planet'

t.test('one that is missing is named, with what needs it', async (t) => {
  await t.rejects(optionalPeer(absent, 'the test needs it', async () => await Promise.resolve(require(absent) as unknown)), {
    code: 'SQLASSIST_OPTIONAL_PEER_MISSING', message: /@mikro-orm\/of-another-planet is not installed, and the test needs it/, cause: { code: /MODULE_NOT_FOUND$/ },
  })
})

t.test('one that is there, and breaks, speaks for itself', async (t) => {
  await t.rejects(optionalPeer(absent, 'the test needs it', async () => await Promise.reject(new TypeError('broken'))), { name: 'TypeError', message: 'broken' })
  t.equal(await optionalPeer('any', 'nobody', async () => await Promise.resolve(7)), 7)
})
