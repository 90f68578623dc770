import { InvalidOptionsError } from '../../orm/errors.ts'
import { SqlAssist } from '../../orm/index.ts'
import { assertSameCopy } from '../../orm/validation.ts'

/** An application with the plugin, whatever its types are, or what `createSqlAssist()` returns. */
export type Tested =
  | {
      /** What the plugin has put there. */
      readonly sqlassist: unknown
      /** Is awaited before the first test. */
      ready(): unknown
    }
  | Pick<SqlAssist, 'engineNames' | 'dispose'>

/** The same; or a function that says which, where each test makes its own. */
export type TestedApplication = Tested | (() => Tested | Promise<Tested>)

/** Its engines, when it is ready. */
export async function sqlassistOf(tested: TestedApplication): Promise<SqlAssist> {
  const given = typeof tested === 'function' ? await (tested as () => unknown)() : tested
  if (given instanceof SqlAssist) return given
  assertSameCopy('The application of rollbackAfterEach()', given)
  const application = given as { readonly sqlassist?: unknown; ready?(): unknown } | undefined
  await application?.ready?.()
  const sqlassist = application?.sqlassist
  if (sqlassist instanceof SqlAssist) return sqlassist
  assertSameCopy('The app.sqlassist of the application', sqlassist)
  throw new InvalidOptionsError('rollbackAfterEach', 'needs an application in which fastify-sqlassist is registered (in the scope that it is given), or a SqlAssist')
}
