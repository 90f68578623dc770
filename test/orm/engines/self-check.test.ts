// MikroORM's internals that we build on: looked at once, at start-up.
import t from 'tap'
import { EntityManager } from '@mikro-orm/core'
import { assertMikroOrmSupported } from '../../../orm/engines/self-check.ts'
import { errorOf } from './library.ts'

t.test('the installed MikroORM has them', async (t) => {
  t.doesNotThrow(() => assertMikroOrmSupported())
})

t.test('one that has not is refused, with its version and what is missing', async (t) => {
  const error = await errorOf(() => assertMikroOrmSupported([['EntityManager', EntityManager.prototype, ['fork', 'forkNicely']], ['UnitOfWork', {}, ['merge']]]))
  t.equal(error.code, 'SQLASSIST_MIKROORM_UNSUPPORTED')
  t.match(error.message, /MikroORM 7\.2\.\d+ does not have: EntityManager\.forkNicely\(\), UnitOfWork\.merge\(\)\. Install @mikro-orm\/core >=7\.2\.1 <7\.3/)
})
